using System.Runtime.CompilerServices;
using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Components.Text;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Components.State;

/// <summary>
/// The headline of the live page: current state, since when, affected Services. Facts only, no cause. It is calm only where the
/// console knows: not while nodes are silent, owners of addresses are in doubt, or the filter names something unknown.
/// </summary>
/// <param name="Alarm">Something is wrong.</param>
/// <param name="Unsure">Nothing is known to be wrong, but not everything is known.</param>
/// <param name="SinceMs">When the oldest problem began, if known.</param>
/// <param name="Pods">Affected pods, most stale entries first.</param>
internal sealed record Headline(string Title, bool Alarm, bool Unsure, long? SinceMs, string Detail, string Resets, IReadOnlyList<(string Ip, string Name)> Pods)
{
    // Open pages share the nodes of a snapshot and the cluster's: one of them compares thousands of names.
    private static readonly ConditionalWeakTable<IReadOnlyList<NodeHealth>, Missing> s_missing = [];

    /// <param name="now">A view that ends now.</param>
    /// <param name="window">The displayed view, in which resets are counted.</param>
    /// <param name="context">What is known beside the view; null = nothing that limits it.</param>
    public static Headline From(TimelineView now, TimelineView window, HeadlineContext? context = null)
    {
        context ??= new HeadlineContext();
        string resets = ResetsOf(window);
        if (context.IsFilterUnknown && now.Services.Count == 0 && window.Services.Count == 0)
        {
            string unknown = $"{context.Filter} is unknown: no such object in the cluster, and no entry of it.";
            return new Headline(unknown, false, true, null, context.OwnersDoubt is { } reason ? $"{reason}: it may exist." : "Check the name, or choose another filter.", "", []);
        }

        if (!now.Nodes.Any(node => node.Reports(now.NowMs)))
        {
            string title = now.Nodes.Count == 0 ? "No collector has reported yet: the conntrack tables are unknown." : "No collector is connected: the conntrack tables are unknown.";
            return new Headline(title, true, false, null, "", resets, []);
        }

        var stale = (from lane in now.Services
                     from backend in lane.Backends
                     where backend.StateNow == EntryState.Stale
                     let count = now.Last(backend.Stale) ?? 0
                     where count > 0
                     group (lane, count, backend.Owner) by (backend.BackendIp, Name: backend.Pod ?? backend.BackendIp) into pod
                     orderby pod.Sum(item => item.count) descending
                     select (pod.Key.BackendIp, pod.Key.Name, Count: pod.Sum(item => item.count), Lanes: pod.Select(item => item.lane), Runs: pod.All(item => item.Owner == OwnerState.Live))).ToList();
        if (stale.Count > 0)
            return Stale(now, window, stale, resets, context);

        if ((Reassigned(now, resets, context) ?? Untranslated(now, resets, context)) is { } astray)
            return astray;

        int ending = now.Terminations.Count(span => span.OverMs is null);
        string silent = Silent(now, context), scope = context.Filter is { } filter ? $" for {filter}" : "";
        if (context.OwnersDoubt is { } doubt)
            return new Headline($"{doubt}: which entries{scope} are stale is unknown.", false, true, null, silent, resets, []);
        int ownerless = Sum(now, EntryState.Unknown) + (int)Math.Min(int.MaxValue / 2, now.Services.Sum(lane => lane.Ownerless));
        if (ownerless > 0)
            return new Headline($"No stale entries{scope} are known; the owners of {DisplayText.Count(ownerless, "entry", "entries")} are unknown.", false, true, null, silent, resets, []);
        string none = $"No stale entries{scope}{(silent.Length > 0 ? " on the nodes that report" : "")}";
        string calm = ending > 0 ? $"{DisplayText.Count(ending, "pod")} terminating. {none}." : $"{none}: every connection points to a current pod.";
        return new Headline(calm, false, silent.Length > 0, null, silent, resets, []);
    }

    /// <summary>Connections break although no entry is stale: that is no calm headline either.</summary>
    /// <param name="findings">Of each finding that lasts: its Service or address, and since when.</param>
    public Headline Breaking(IReadOnlyList<(string Of, long? SinceMs)> findings) => Alarm || findings.Count == 0 ? this : this with
    {
        Title = $"Connections of {TextSummary.List([.. findings.Select(finding => finding.Of).Distinct(StringComparer.Ordinal)], 3)} break.", Alarm = true,
        SinceMs = findings.Min(finding => finding.SinceMs), Detail = Detail.Length > 0 ? $"{Title} {Detail}" : Title,
    };

    private static Headline Stale(
        TimelineView now, TimelineView window, List<(string Ip, string Name, int Count, IEnumerable<ServiceLane> Lanes, bool Runs)> stale, string resets,
        HeadlineContext context)
    {
        int entries = stale.Sum(pod => pod.Count);
        string which = stale.Count == 1 ? $"{stale[0].Name}, which no longer serves" : $"{stale.Count} pods that no longer serve";
        string title = $"{DisplayText.Count(entries, "entry", "entries")} still {(entries == 1 ? "points" : "point")} to {which}.";
        var services = stale.SelectMany(pod => pod.Lanes).Select(lane => lane.Name.Length > 0 ? $"{lane.Namespace}/{lane.Name}" : lane.Vip).Distinct().ToList();
        string detail = $"Reached through {(services.Count == 1 ? "Service" : "Services")} {TextSummary.List(services, 3)}. {Consequence(stale.All(pod => pod.Runs), stale.Any(pod => pod.Runs))}";
        var ips = stale.Select(pod => pod.Ip).ToHashSet();
        var ends = window.Terminations.Concat(now.Terminations).Where(span => ips.Contains(span.PodIp))
            .Select(span => span.EndedMs).OfType<long>().ToList();
        // The pods without entries by now belong to the same incident, so the time does not move as entries expire.
        var since = stale.SelectMany(pod => pod.Lanes).Where(lane => lane.Name.Length > 0).Select(lane => context.StaleSinceMs(new ServiceKey(lane.Namespace, lane.Name)))
            .OfType<long>().Concat(ends).ToList();
        string[] details = [detail, Silent(now, context), context.OwnersDoubt is { } doubt ? $"{doubt}: pods may have changed since." : ""];
        return new Headline(title, true, false, since.Count > 0 ? since.Min() : null, string.Join(' ', details.Where(part => part.Length > 0)), resets,
            [.. stale.Select(pod => (pod.Ip, pod.Name))]);
    }

    private static Headline? Reassigned(TimelineView now, string resets, HeadlineContext context)
    {
        int entries = Sum(now, EntryState.Reassigned);
        if (entries == 0)
            return null;
        var found = (from lane in now.Services from backend in lane.Backends where backend.StateNow == EntryState.Reassigned && now.Last(backend.Entries) > 0 select (lane, backend)).ToList();
        var services = found.Select(item => item.lane.Name.Length > 0 ? $"{item.lane.Namespace}/{item.lane.Name}" : item.lane.Vip).Distinct().ToList();
        string silent = Silent(now, context);
        const string detail = "The address was a pod of the Service before: its clients are connected to another workload now.";
        return new Headline(
            $"{DisplayText.Count(entries, "entry", "entries")} of {TextSummary.List(services, 3)} {(entries == 1 ? "leads" : "lead")} to another workload's pod.", true, false, null,
            silent.Length > 0 ? $"{detail} {silent}" : detail, resets,
            [.. found.DistinctBy(item => item.backend.BackendIp).Select(item => (item.backend.BackendIp, item.backend.Pod ?? item.backend.BackendIp))]);
    }

    private static int Sum(TimelineView now, EntryState state) =>
        now.Services.SelectMany(lane => lane.Backends).Where(backend => backend.StateNow == state).Sum(backend => Math.Max(0, now.Last(backend.Entries) ?? 0));

    private static Headline? Untranslated(TimelineView now, string resets, HeadlineContext context)
    {
        var found = (from lane in now.Services
                     from backend in lane.Backends
                     where backend.StateNow == EntryState.Untranslated
                     let count = now.Last(backend.Stale) ?? 0
                     where count > 0
                     orderby count descending
                     select (lane, backend.BackendIp, count)).ToList();
        if (found.Count == 0)
            return null;
        int entries = found.Sum(item => item.count);
        var services = found.Select(item => item.lane.Name.Length > 0 ? $"{item.lane.Namespace}/{item.lane.Name}" : item.lane.Vip).Distinct().ToList();
        string silent = Silent(now, context);
        const string detail = "They began while the Service's rules were absent: what their clients send reaches no pod.";
        return new Headline(
            $"{DisplayText.Count(entries, "entry", "entries")} at the address of {TextSummary.List(services, 3)} {(entries == 1 ? "is" : "are")} not translated.", true, false, null,
            silent.Length > 0 ? $"{detail} {silent}" : detail, resets,
            [.. found.DistinctBy(item => item.BackendIp).Select(item => (item.BackendIp, item.lane.Name.Length > 0 ? $"Service {item.lane.Namespace}/{item.lane.Name}" : item.lane.Vip))]);
    }

    // Only UDP entries to a running pod are stale: kube-proxy deletes them, and no others, when the endpoint is not ready or was removed.
    private static string Consequence(bool allRun, bool anyRuns) =>
        allRun ? "The pod runs, but is not ready or has left the Service; kube-proxy deletes such UDP entries itself."
        : anyRuns ? "Clients with these entries wait for a pod that cannot answer, or send datagrams to one that is not ready."
        : "Clients with these entries wait for a pod that cannot answer.";

    private static string Silent(TimelineView now, HeadlineContext context)
    {
        var silent = now.Nodes.Where(node => !node.Reports(now.NowMs)).Select(node => node.Node).ToList();
        var without = WithoutCollector(now, context);
        string[] parts =
        [
            silent.Count == 0 ? "" : $"Unknown: {TextSummary.List(silent, 3)} {(silent.Count == 1 ? "does" : "do")} not report.",
            without.Count == 0 ? "" : $"Unknown: {TextSummary.List(without, 3)} {(without.Count == 1 ? "has" : "have")} no collector.",
        ];
        return string.Join(' ', parts.Where(part => part.Length > 0));
    }

    private static IReadOnlyList<string> WithoutCollector(TimelineView now, HeadlineContext context)
    {
        if (context.ClusterNodes.Count == 1)
            return [.. context.ClusterNodes.Where(node => now.Nodes.All(other => other.Node != node))];
        if (s_missing.TryGetValue(now.Nodes, out var missing) && ReferenceEquals(missing.ClusterNodes, context.ClusterNodes))
            return missing.Without;
        var known = now.Nodes.Select(node => node.Node).ToHashSet(StringComparer.Ordinal);
        missing = new Missing(context.ClusterNodes, [.. context.ClusterNodes.Where(node => !known.Contains(node)).Order(StringComparer.Ordinal)]);
        s_missing.AddOrUpdate(now.Nodes, missing);
        return missing.Without;
    }

    private sealed record Missing(IReadOnlyCollection<string> ClusterNodes, IReadOnlyList<string> Without);

    private static string ResetsOf(TimelineView window)
    {
        if (window.Nodes.Count == 0)
            return "Resets are unknown, too.";
        int unNated = TimelineViewExtensions.Sum(window.Resets.UnNated), backend = TimelineViewExtensions.Sum(window.Resets.FromBackend), other = TimelineViewExtensions.Sum(window.Resets.Other);
        string length = DisplayText.Duration((window.ToMs - window.FromMs + 500) / 1000 * 1000);
        string atLeast = window.Gaps.Any(gap => gap.ToMs > window.FromMs && gap.FromMs < window.ToMs) ? "at least " : "";
        return unNated + backend + other == 0
            ? $"{(atLeast.Length > 0 ? "No resets seen" : "No resets")} in this {length} range{(atLeast.Length > 0 ? " (with gaps)" : "")}."
            : $"Resets in this {length} range: {atLeast}{unNated:N0} un-NATed, {backend:N0} from a backend, {other:N0} other.";
    }
}
