using ConntrackConsole.Checks.Model;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Inventory;

/// <summary>Everything about one node.</summary>
/// <param name="Gaps">Of the last hour, newest first.</param>
/// <param name="Astray">Its current entries that lead to no pod of their Service; null if they are not known.</param>
/// <param name="Resets">That it reported within the last <see cref="InventorySnapshot.ResetsMs"/>.</param>
/// <param name="AreResetsPartial">A gap may hide more of them.</param>
/// <param name="Terminations">Of its pods, within the last hour, newest first.</param>
/// <param name="Checks">Worst first.</param>
internal sealed record NodeDetail(
    NodeSummary Node, IReadOnlyList<GapSpan> Gaps, IReadOnlyList<AstrayEntries>? Astray, IReadOnlyList<KindCount> Resets, bool AreResetsPartial,
    IReadOnlyList<TerminationSpan> Terminations, IReadOnlyList<CheckResult> Checks)
{
    private const long HourMs = 3_600_000;
    private const long NowWindowMs = 60_000;

    public static NodeDetail Of(NodeSummary node, TimelineQueryExecutor reading, CheckReport report, IReadOnlyList<ResetDeduplicator.Report> resets)
    {
        long nowMs = reading.NowMs;
        var hour = reading.View(new TimelineQuery(nowMs - HourMs, nowMs, 1, Node: node.Name, Lanes: 0) { OmitsSums = true });
        return new NodeDetail(
            node, [.. hour.Gaps.OrderByDescending(gap => gap.FromMs)], node.IsCurrent ? AstrayOf(reading, node.Name) : null,
            KindCount.Of(resets.Where(report => report.Node == node.Name).Select(report => report.Reset)),
            !node.IsCurrent || reading.ResetsCompleteSinceMs > nowMs - InventorySnapshot.ResetsMs || hour.Gaps.Any(gap => gap.ToMs > nowMs - InventorySnapshot.ResetsMs),
            [.. hour.Terminations.Where(span => span.Node == node.Name).OrderByDescending(span => span.DeletionRequestedMs)],
            [.. report.Results.Where(result => result.Subject == CheckSubject.OfNode(node.Name))]);
    }

    private static List<AstrayEntries> AstrayOf(TimelineQueryExecutor reading, string node)
    {
        long nowMs = reading.NowMs;
        var view = reading.View(new TimelineQuery(nowMs - NowWindowMs, nowMs, 60, Node: node, Lanes: 0) { OmitsSums = true });
        return
        [
            .. from lane in view.Services
               from backend in lane.Backends
               where backend.StateNow.LeadsAstray()
               // The entries that are stale are a part of them; all of those to another workload's pod lead there.
               let count = LaneOrder.Last(backend.StateNow == EntryState.Reassigned ? backend.Entries : backend.Stale, view.FromMs, view.StepMs, view.Columns, nowMs)
               where count > 0
               orderby count descending
               select new AstrayEntries(lane.Namespace, lane.Name, lane.Vip, lane.Port, backend.BackendIp, backend.Pod, backend.StateNow, count.Value),
        ];
    }
}

/// <summary>Entries that lead to no pod of their Service.</summary>
/// <param name="Namespace">Empty if the address has no name.</param>
/// <param name="Pod">The owner or last owner of the backend's address; null if it is not known.</param>
internal sealed record AstrayEntries(string Namespace, string Service, string Vip, int Port, string BackendIp, string? Pod, EntryState State, int Count);

/// <summary>Resets of one kind.</summary>
internal sealed record KindCount(ResetKind Kind, int Count, long LastMs)
{
    /// <summary>The most frequent kind first.</summary>
    public static IReadOnlyList<KindCount> Of(IEnumerable<Reset> resets) =>
        [.. resets.GroupBy(reset => reset.Kind).Select(kind => new KindCount(kind.Key, kind.Count(), kind.Max(reset => reset.AtMs))).OrderByDescending(kind => kind.Count).ThenBy(kind => kind.Kind)];
}
