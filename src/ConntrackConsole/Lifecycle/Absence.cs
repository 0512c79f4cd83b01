using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Lifecycle.Evidence;

namespace ConntrackConsole.Lifecycle;

/// <summary>
/// The time between two runs of the console. A controller writes 25 Events about an object at once and then one in five minutes,
/// so most deletions of a large scale-down have none; the pods that a ReplicaSet had before and wants afterwards are the evidence.
/// </summary>
/// <param name="range">From when the earlier run last watched until the first lists.</param>
/// <param name="pods">The pods that each ReplicaSet had before.</param>
internal sealed class Absence(TimeRange range, IReadOnlyDictionary<(string Namespace, string Set), int> pods)
{
    // As first listed: the desired replicas of a later time are no evidence about the absence.
    private readonly Dictionary<string, ScaleDown?> _scaleDowns = [];

    /// <summary>The reduction within a time range of a ReplicaSet that was its Deployment's current one at the end of the absence.</summary>
    public ScaleDown? ScaleDown(WorkloadInfo? set, WorkloadInfo? top, TimeRange at)
    {
        if (set is not { Kind: WorkloadKind.ReplicaSet } || at.ToMs < range.FromMs || at.FromMs > range.ToMs)
            return null;
        // Its Deployment may be listed later.
        if (set.Controller is not null && top is null)
            return null;
        if (_scaleDowns.TryGetValue(set.Uid, out var known))
            return known;
        // A rollout scales the former ReplicaSet down, too.
        bool isCurrent = set.Controller is null || top!.Revision == set.Revision;
        return _scaleDowns[set.Uid] = isCurrent && pods.TryGetValue((set.Namespace, set.Name), out int before) && before > set.Desired
            ? new ScaleDown(range.FromMs, range.ToMs, before, set.Desired) : null;
    }
}
