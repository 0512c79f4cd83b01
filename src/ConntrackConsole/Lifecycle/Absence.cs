using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Lifecycle.Evidence;

namespace ConntrackConsole.Lifecycle;

/// <summary>
/// The time between two runs of the console. A controller writes 25 Events about an object at once and then one in five minutes,
/// so most deletions of a large scale-down have none; the pods that a ReplicaSet had before and wants now show it.
/// </summary>
/// <param name="Range">From when the earlier run last watched until the first lists.</param>
/// <param name="Pods">The pods that each ReplicaSet had before.</param>
internal sealed record Absence(TimeRange Range, IReadOnlyDictionary<(string Namespace, string Set), int> Pods)
{
    /// <summary>The reduction within a time range of a ReplicaSet that is still its Deployment's current one.</summary>
    public ScaleDown? ScaleDown(WorkloadInfo? set, WorkloadInfo? top, TimeRange at)
    {
        if (set is not { Kind: WorkloadKind.ReplicaSet } || at.ToMs < Range.FromMs || at.FromMs > Range.ToMs)
            return null;
        // A rollout scales the former ReplicaSet down, too.
        bool isCurrent = set.Controller is null || (top is not null && top.Revision == set.Revision);
        return isCurrent && Pods.TryGetValue((set.Namespace, set.Name), out int before) && before > set.Desired
            ? new ScaleDown(Range.FromMs, Range.ToMs, before, set.Desired) : null;
    }
}
