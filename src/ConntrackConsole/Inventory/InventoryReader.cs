using ConntrackConsole.Checks;
using ConntrackConsole.Cluster.State;
using ConntrackConsole.Findings.Live;
using ConntrackConsole.Timeline.Live;

namespace ConntrackConsole.Inventory;

/// <summary>
/// The nodes and Services as they are now: the snapshot of the timeline that all readers share, and what the last round of checks and of the
/// diagnosis has seen. Pages and API that ask at the same time share the answer.
/// </summary>
internal sealed class InventoryReader(TimelineStore timeline, CheckScheduler checks, FindingMonitor findings, ClusterState cluster)
{
    private volatile InventorySnapshot? _last;

    /// <summary>Null until the first round of the checks has ended: nothing is known yet.</summary>
    public InventorySnapshot? Current()
    {
        if (checks.Context is not { } context)
            return null;
        var (reading, report, found) = (timeline.Read(reading => reading, TimelineStore.SharedMs), checks.Current, findings.Current);
        if (_last is { } last && last.IsOf(reading, context, report, found))
            return last;
        return _last = new InventorySnapshot(reading, context, report, found, cluster, timeline.FromMs);
    }
}
