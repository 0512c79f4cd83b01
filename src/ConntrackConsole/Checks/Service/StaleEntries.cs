
using ConntrackConsole.Wire;

namespace ConntrackConsole.Checks.Service;

/// <summary>Entries of a Service that still point to addresses of pods that no longer serve it.</summary>
internal static class StaleEntries
{
    public static readonly CheckName Name = new("stale-entries", CheckCodes.StaleEntries, "Stale entries");

    private const string Threshold = "0";

    public static CheckResult Of(CheckContext world, ServiceCheckContext service)
    {
        if (service.Info is { Headless: true } or { ClusterIps.Count: 0 })
            return service.NotApplicable(Name, "It has no virtual address: its connections are not translated.");
        if (service.Untold(world, Name, "pods", "services", "endpointslices") is { } untold)
            return untold;
        if (world.Reporting == 0)
            return service.CannotTell(Name, UnknownCodes.NoCollectorReports, "No collector reports: what the tables hold is not known.");
        if (world.AllBypass)
            return service.NotApplicable(Name, "conntrack is bypassed on every node that reports.");
        var entries = service.Entries;
        long readMs = world.HeardMs;
        string missing = world.DeafNodes.Count == 0 ? "" : $" Not counted: {TextSummary.List(world.DeafNodes, 3)}.";
        if (entries.Stale + entries.Reassigned == 0)
        {
            return service.Result(Name, CheckState.Ok, "0", Threshold, $"Every live entry leads to a pod of the Service.{missing}") with
            {
                ReadMs = readMs, Commands = [Slices(service)],
            };
        }

        bool old = world.NowMs - (entries.OldestStaleMs ?? world.NowMs) > world.Limits.StaleBadMs;
        string value = entries.Reassigned == 0 ? $"{entries.Stale:N0} stale" : entries.Stale == 0 ? $"{entries.Reassigned:N0} reassigned" : $"{entries.Stale:N0} stale, {entries.Reassigned:N0} reassigned";
        string who = entries.Backends.Length <= 2 ? string.Join(" and ", entries.Backends) : $"{entries.Backends[0]} and other addresses";
        string sentence = entries.Reassigned > 0
            ? $"Clients of this Service talk to another workload's pod at {who}, on {TextSummary.List(entries.Nodes, 3)}: entries older than the address's new owner."
            : old ? $"Clients wait for {who}, which no live pod of the Service owns, on {TextSummary.List(entries.Nodes, 3)}. A flush of {(entries.Backends.Length == 1 ? "that address" : "these addresses")} makes them reconnect."
            : $"The endpoint {who} has just left the Service: its entries should end within seconds.";
        return service.Result(Name, old || entries.Reassigned > 0 ? CheckState.Bad : CheckState.Warning, value, Threshold, sentence + missing) with
        {
            ReadMs = readMs, SinceMs = entries.OldestStaleMs, Commands = [.. entries.Backends.Select(Shell.Entries), Slices(service)],
        };
    }

    private static string Slices(ServiceCheckContext service) =>
        Shell.InNamespace(service.Namespace, $"get endpointslices -l kubernetes.io/service-name={Shell.Word(service.Info.Key.Name)} -o wide");
}
