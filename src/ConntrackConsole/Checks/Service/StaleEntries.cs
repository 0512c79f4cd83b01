using ConntrackConsole.Checks.Model;
using ConntrackConsole.Nodes;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Checks.Service;

/// <summary>Entries of a Service that still point to addresses of pods that no longer serve it.</summary>
internal static class StaleEntries
{
    public static readonly CheckName Name = new("stale-entries", CheckCodes.StaleEntries, "Stale entries");

    private const string Threshold = "0";

    public static CheckResult Of(CheckContext context, ServiceCheckContext service)
    {
        if (service.Info is { Headless: true } or { ClusterIps.Count: 0 })
            return service.NotApplicable(Name, "It has no virtual IP: its connections are not translated.");
        if (service.MissingData(context, Name, "pods", "services", "endpointslices") is { } unknown)
            return unknown;
        if (context.Reporting == 0)
            return service.InsufficientData(Name, UnknownCodes.NoCollectorReports, "No collector reports: the content of the conntrack tables is unknown.");
        if (context.AllBypass)
            return service.NotApplicable(Name, "conntrack is bypassed on every node that reports.");
        var entries = service.Entries;
        long readMs = context.HeardMs;
        string missing = context.SilentNodes.Count == 0 ? "" : $" Not counted: {TextSummary.List(context.SilentNodes, 3)}.";
        if (entries.Stale + entries.Reassigned + entries.Untranslated == 0)
        {
            return service.Result(Name, CheckState.Ok, "0", Threshold, $"Every live entry points to a pod of the Service.{missing}") with
            {
                ReadMs = readMs, Commands = [Slices(service)],
            };
        }

        bool old = context.NowMs - (entries.OldestStaleMs ?? context.NowMs) > context.Limits.StaleBadMs;
        string value = string.Join(", ", from part in ((long Count, string Name)[])[(entries.Stale, "stale"), (entries.Reassigned, "reassigned"), (entries.Untranslated, "untranslated")]
                                         where part.Count > 0
                                         select $"{part.Count:N0} {part.Name}");
        string who = entries.Backends.Length <= 2 ? string.Join(" and ", entries.Backends) : $"{entries.Backends[0]} and other addresses";
        string sentence = entries.Reassigned > 0
            ? $"Clients of this Service are connected to another workload's pod at {who}, on {TextSummary.List(entries.Nodes, 3)}: the entries are older than the address's new owner."
            : entries is { Stale: 0, Untranslated: > 0 } ? Untranslated(service, entries)
            : old ? $"Clients on {TextSummary.List(entries.Nodes, 3)} wait for {who}, which no live pod of the Service owns. Flush {(entries.Backends.Length == 1 ? "that address" : "these addresses")} to make them reconnect."
            : $"The endpoint {who} was just removed from the Service: its entries should end within seconds.";
        if (entries is { Untranslated: > 0 } and not { Stale: 0, Reassigned: 0 })
            sentence += " " + Untranslated(service, entries);
        return service.Result(Name, old || entries.Reassigned > 0 ? CheckState.Bad : CheckState.Warning, value, Threshold, sentence + missing) with
        {
            ReadMs = readMs, SinceMs = entries.OldestStaleMs, Commands = [.. entries.Backends.Select(Shell.Entries), Slices(service)],
        };
    }

    private static string Untranslated(ServiceCheckContext service, ServiceEntries entries)
    {
        var own = service.Info.ClusterIps.Concat(service.Info.OtherIps).Intersect(entries.Backends).Select(ip => ip.ToString()).ToList();
        return $"Clients on {TextSummary.List(entries.Nodes, 3)} send to {(own.Count == 0 ? "the Service's own address" : TextSummary.List(own, 3))} without translation: these entries began while the rules were absent, and reach no pod. Flush that address, limited to this Service's port.";
    }

    private static string Slices(ServiceCheckContext service) =>
        Shell.InNamespace(service.Namespace, $"get endpointslices -l kubernetes.io/service-name={Shell.Word(service.Info.Key.Name)} -o wide");
}
