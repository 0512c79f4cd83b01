using ConntrackConsole.Checks.Model;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Nodes;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Checks.Service;

/// <summary>Entries of a Service that still point to addresses of pods that no longer serve it.</summary>
internal static class StaleEntries
{
    public static readonly CheckName Name = new("stale-entries", CheckCodes.StaleEntries, "Stale entries");

    private const string Threshold = "0";

    private const string NotAPods = "the address is not a pod's, so a flush is refused; restart the clients or wait for the entries to expire.";

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
            if (entries.Unproven > 0)
                return service.InsufficientData(Name, UnknownCodes.OwnerUnproven, Unproven(entries) + missing) with { ReadMs = readMs, Commands = [.. entries.UnprovenBackends.Select(Shell.Entries)] };
            var (left, words) = OutOfService(entries);
            return service.Result(Name, CheckState.Ok, left.Length > 0 ? left : "0", Threshold, (words.Length > 0 ? words : "Every live entry points to a pod of the Service.") + missing) with
            {
                ReadMs = readMs, Commands = [.. entries.OutOfService.Select(Shell.Entries), Slices(service)],
            };
        }

        bool old = context.NowMs - (entries.OldestStaleMs ?? context.NowMs) > context.Limits.StaleBadMs;
        string value = string.Join(", ", from part in ((long Count, string Name)[])[(entries.Stale, "stale"), (entries.Reassigned, "reassigned"), (entries.Untranslated, "untranslated")]
                                         where part.Count > 0
                                         select $"{part.Count:N0} {part.Name}");
        string sentence = string.Join(" ", new[] { ToPods(service, entries, old), ToRefused(entries), ToOther(entries), Untranslated(service, entries), Contested(entries), Unproven(entries) }.Where(t => t.Length > 0));
        return service.Result(Name, old || entries.Reassigned > 0 ? CheckState.Bad : CheckState.Warning, value, Threshold, sentence + missing) with
        {
            ReadMs = readMs, SinceMs = entries.OldestStaleMs, Commands = [.. entries.Backends.Concat(entries.Refused.Select(r => r.Backend)).Concat(entries.Others).Concat(entries.UntranslatedAtNodes).Distinct().Select(Shell.Entries), Slices(service)],
        };
    }

    private static string ToPods(ServiceCheckContext service, ServiceEntries entries, bool old)
    {
        long reassigned = entries.Reassigned - entries.RefusedCounts.Reassigned, stale = entries.Stale - entries.StaleToOther - entries.RefusedCounts.Stale;
        // The Service's own address leads to no pod, and needs another scope: it has a sentence of its own.
        var pods = entries.Untranslated == 0 ? [.. entries.Backends] : entries.Backends.Except(Own(service)).ToList();
        if (reassigned + stale == 0 || pods.Count == 0)
            return "";
        string who = pods.Count <= 2 ? string.Join(" and ", pods) : $"{pods[0]} and other addresses";
        string these = pods.Count == 1 ? "that address" : "these addresses";
        return reassigned > 0
            ? $"Clients of this Service are connected to another workload's pod at {who}, on {TextSummary.List(entries.Nodes, 3)}: the entries are older than the address's new owner. Flush {these} with the scope of this Service: the pod's own Services are not touched."
            : !old ? $"The endpoint {who} was just removed from the Service: its entries should end within seconds."
            : entries.StaleToLive - entries.RefusedCounts.Stale == stale ? $"UDP entries on {TextSummary.List(entries.Nodes, 3)} lead to {who}: the pod runs, but is not ready or has left the Service. kube-proxy deletes such entries itself; if they remain, flush {these} with the scope of this Service."
            : $"Clients on {TextSummary.List(entries.Nodes, 3)} wait for {who}, which no live pod of the Service owns. Flush {these} to make them reconnect.";
    }

    // The guards cannot prove that these entries are not the pod's own.
    private static string ToRefused(ServiceEntries entries)
    {
        return string.Join(" ", entries.Refused.Select(Sentence));

        string Sentence(RefusedEntries refused)
        {
            string place = $"{refused.Vip} port {refused.Port}";
            return $"Clients on {TextSummary.List(entries.Nodes, 3)} are connected to another workload's pod at {refused.Backend} through {place}: "
                + (refused.Obstacle.Services.Count > 0
                    ? $"{string.Join(" and ", refused.Obstacle.Services)} claim it, so which of them made these entries is unknown and a flush is refused. Take the address or port from one of them, then restart these clients."
                    : "it is the address of a node, where a hostPort of the pod may listen, so a flush is refused. Restart these clients, or wait for the entries to expire.");
        }
    }

    private static string Contested(ServiceEntries entries) => entries.Contested.IsEmpty ? ""
        : $"{string.Join("; ", entries.Contested)}: its entries are counted at the newest one.";

    private static string Unproven(ServiceEntries entries) => entries.Unproven == 0 ? ""
        : $"Whether the {entries.Unproven:N0} entries to {Listed(entries.UnprovenBackends)} are stale is unknown: the kubelet of that node does not report, but its collector does, and no connection shows yet whether the pod answers.";

    private static IEnumerable<Ip> Own(ServiceCheckContext service) => service.Info.ClusterIps.Concat(service.Info.OtherIps);

    // The guards refuse these addresses, and whether something still answers there is not known.
    private static string ToOther(ServiceEntries entries) => entries.StaleToOther == 0 ? ""
        : $"Clients on {TextSummary.List(entries.Nodes, 3)} still use {Listed(entries.Others)}, which left the Service: {NotAPods}";

    private static string Untranslated(ServiceCheckContext service, ServiceEntries entries)
    {
        if (entries.Untranslated == 0)
            return "";
        var own = Own(service).Intersect(entries.Backends).ToList();
        const string Began = "without translation: these entries began while the rules were absent, and reach no pod.";
        string atNodes = entries.UntranslatedAtNodes.IsEmpty ? "" : $"Clients on {TextSummary.List(entries.Nodes, 3)} send to {Listed(entries.UntranslatedAtNodes)} {Began} Here {NotAPods}";
        if (own.Count == 0 && atNodes.Length > 0)
            return atNodes;
        string flush = $"Clients on {TextSummary.List(entries.Nodes, 3)} send to {(own.Count == 0 ? "the Service's own address" : Listed(own))} {Began} Flush that address, limited to this Service's port.";
        return atNodes.Length > 0 ? $"{flush} {atNodes}" : flush;
    }

    private static string Listed(IEnumerable<Ip> addresses) => TextSummary.List([.. addresses.Select(ip => ip.ToString())], 3);

    // The pods still answer: nothing waits, and the guards refuse a flush.
    private static (string Value, string Sentence) OutOfService(ServiceEntries entries)
    {
        if (entries.Left + entries.Unready == 0)
            return ("", "");
        string who = TextSummary.List([.. entries.OutOfService.Select(ip => ip.ToString())], 2);
        string left = entries.Left == 0 ? "" : $"{entries.Left:N0} entries lead to a pod that left the Service and still answers ({who}): they continue until client or pod closes them, and no flush is needed. To move the clients, restart them or end the pod.";
        string unready = entries.Unready == 0 ? "" : $"{entries.Unready:N0} entries lead to a pod that is not ready ({who}): it gets no new connections, and keeps those that it has. Look at its readiness probe.";
        string value = string.Join(", ", new[] { entries.Left == 0 ? "" : $"{entries.Left:N0} left", entries.Unready == 0 ? "" : $"{entries.Unready:N0} not ready" }.Where(t => t.Length > 0));
        return (value, string.Join(" ", new[] { left, unready }.Where(t => t.Length > 0)));
    }

    private static string Slices(ServiceCheckContext service) =>
        Shell.InNamespace(service.Namespace, $"get endpointslices -l kubernetes.io/service-name={Shell.Word(service.Info.Key.Name)} -o wide");
}
