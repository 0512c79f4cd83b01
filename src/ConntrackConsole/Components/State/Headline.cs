using ConntrackConsole.Components.Text;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Components.State;

/// <summary>
/// The headline of the live page: current state, since when, affected Services. Facts only, no cause.
/// </summary>
/// <param name="SinceMs">When the oldest problem began, if known.</param>
/// <param name="Pods">Affected pods, most stale entries first.</param>
internal sealed record Headline(string Title, bool Alarm, long? SinceMs, string Detail, string Resets, IReadOnlyList<(string Ip, string Name)> Pods)
{
    /// <param name="now">A view that ends now.</param>
    /// <param name="window">The displayed view, in which resets are counted.</param>
    public static Headline From(TimelineView now, TimelineView window)
    {
        string resets = ResetsOf(window);
        if (!now.Nodes.Any(node => node.Reports(now.NowMs)))
        {
            string title = now.Nodes.Count == 0 ? "No collector has reported yet: the conntrack tables are unknown." : "No collector is connected: the conntrack tables are unknown.";
            return new Headline(title, true, null, "", resets, []);
        }

        var stale = (from lane in now.Services
                     from backend in lane.Backends
                     where backend.StateNow == EntryState.Stale
                     let count = now.Last(backend.Stale) ?? 0
                     where count > 0
                     group (lane, count) by (backend.BackendIp, Name: backend.Pod ?? backend.BackendIp) into pod
                     orderby pod.Sum(item => item.count) descending
                     select (pod.Key.BackendIp, pod.Key.Name, Count: pod.Sum(item => item.count), Lanes: pod.Select(item => item.lane))).ToList();
        if (stale.Count > 0)
            return Stale(now, window, stale, resets);

        if (Untranslated(now, resets) is { } untranslated)
            return untranslated;

        int ending = now.Terminations.Count(span => span.DeletedMs is null);
        string calm = ending > 0 ? $"{DisplayText.Count(ending, "pod")} terminating. No stale entries." : "No stale entries: every connection points to a current pod.";
        string detail = Silent(now);
        if (detail.Length > 0)
            calm = calm.Replace("No stale entries", "No stale entries on the nodes that report", StringComparison.Ordinal);
        return new Headline(calm, false, null, detail, resets, []);
    }

    private static Headline Stale(
        TimelineView now, TimelineView window, List<(string Ip, string Name, int Count, IEnumerable<ServiceLane> Lanes)> stale, string resets)
    {
        int entries = stale.Sum(pod => pod.Count);
        string which = stale.Count == 1 ? $"{stale[0].Name}, which no longer serves" : $"{stale.Count} pods that no longer serve";
        string title = $"{DisplayText.Count(entries, "entry", "entries")} still {(entries == 1 ? "points" : "point")} to {which}.";
        var services = stale.SelectMany(pod => pod.Lanes).Select(lane => lane.Name.Length > 0 ? $"{lane.Namespace}/{lane.Name}" : lane.Vip).Distinct().ToList();
        string detail = $"Reached through {(services.Count == 1 ? "Service" : "Services")} {TextSummary.List(services, 3)}. Clients with these entries wait for a pod that cannot answer.";
        var ips = stale.Select(pod => pod.Ip).ToHashSet();
        var ends = window.Terminations.Concat(now.Terminations).Where(span => ips.Contains(span.PodIp))
            .Select(span => span.ContainerFinishedMs ?? span.EndpointRemovedMs ?? span.DeletedMs).OfType<long>().ToList();
        string silent = Silent(now);
        return new Headline(title, true, ends.Count > 0 ? ends.Min() : null, silent.Length > 0 ? $"{detail} {silent}" : detail, resets,
            [.. stale.Select(pod => (pod.Ip, pod.Name))]);
    }

    private static Headline? Untranslated(TimelineView now, string resets)
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
        string silent = Silent(now);
        const string detail = "They began while the Service's rules were absent: what their clients send reaches no pod.";
        return new Headline(
            $"{DisplayText.Count(entries, "entry", "entries")} at the address of {TextSummary.List(services, 3)} {(entries == 1 ? "is" : "are")} not translated.", true, null,
            silent.Length > 0 ? $"{detail} {silent}" : detail, resets,
            [.. found.DistinctBy(item => item.BackendIp).Select(item => (item.BackendIp, item.lane.Name.Length > 0 ? $"Service {item.lane.Namespace}/{item.lane.Name}" : item.lane.Vip))]);
    }

    private static string Silent(TimelineView now)
    {
        var silent = now.Nodes.Where(node => !node.Reports(now.NowMs)).Select(node => node.Node).ToList();
        return silent.Count == 0 ? "" : $"Unknown: {TextSummary.List(silent, 3)} {(silent.Count == 1 ? "does" : "do")} not report.";
    }

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
