using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Lifecycle.Evidence;

namespace ConntrackConsole.Lifecycle;

/// <content>What is known about an ending, put together for its cause.</content>
internal sealed partial class TerminationLog
{
    // The controller deletes the pods of a namespace together; they end within their grace periods.
    private const long NamespaceWindowMs = 60_000;

    private void Rebuild(ClusterMap map, PodTerminationTracker tracker)
    {
        var was = tracker.Record;
        if (tracker.IsPlaceholder && DeletedBy(tracker) is { Controller: { Uid.Length: > 0 } reporter })
            tracker.Adopt(reporter);
        var (owner, top) = OwnersOf(map, tracker.Pod);
        tracker.Rebuild(_endpoints.Of(tracker.Uid), _events.Of(tracker.Uid), TopOf(tracker.Pod, owner, top), DeletedMs(tracker));
        Index(tracker, tracker.Pod?.Controller?.Uid);
        Index(tracker, owner?.Controller?.Uid);
        if (tracker.Pod is { } pod)
        {
            var (cause, evidence, rollout) = TerminationCauseClassifier.Of(Facts(map, tracker, pod, owner, top));
            if (tracker.CanSetCause(cause))
                tracker.SetCause(cause, evidence, rollout);
        }

        if (tracker.Record != was || !_byUid.ContainsKey(tracker.Uid))
            MarkDirty(tracker);
    }

    private TerminationFacts Facts(ClusterMap map, PodTerminationTracker tracker, PodInfo pod, WorkloadInfo? owner, WorkloadInfo? top)
    {
        string? ownerUid = pod.Controller?.Uid;
        // The owner of a ReplicaSet may be a kind that is not watched (an Argo Rollout).
        string? topUid = top?.Uid ?? owner?.Controller?.Uid ?? ownerUid;
        var removal = _events.Of(pod.Uid)?.RemovalEvent;
        var node = map.Nodes.GetValueOrDefault(pod.Node);
        // The successor of a pod on a lost node exists before the pod is deleted: it is counted like one too many.
        bool isNodeLost = pod.Node.Length > 0 && map.Nodes.Count > 0
            && !(node is not null && node.WasReachable(tracker.DeletionRequested.FromMs) && node.WasReachable(tracker.DeletionRequested.ToMs));
        var absent = _absence?.ScaleDown(owner, top, tracker.DeletionRequested);
        var ownerScaleDown = ownerUid is null ? null
            : _workloads.ScaleDownAt(ownerUid, tracker.DeletionRequested) ?? (isNodeLost ? null : absent);
        return new TerminationFacts(pod, tracker.SeenMs, owner, top)
        {
            IsWatched = tracker.IsWatched, IsForced = tracker.IsForced, HasEndedFirst = tracker.HasEndedFirst, IsDeleted = tracker.IsDeleted,
            RemovalEvent = removal, Node = node, IsNodeLost = isNodeLost, RequestedMs = tracker.DeletionRequestedMs,
            IsNamespaceDeleted = IsNamespaceDeleted(tracker, owner, top), DeletedBy = DeletedBy(tracker)?.Name,
            Rollout = topUid is null ? null : rollouts.Replacing(topUid, pod, tracker.DeletionRequested),
            NextRollout = topUid is null ? null : rollouts.FirstAfter(topUid, tracker.SeenMs),
            OwnerScaleDown = ownerScaleDown,
            TopScaleDown = ownerScaleDown is null || top is null ? null : _workloads.ScaleDownAt(top.Uid, new TimeRange(ownerScaleDown.FromMs, ownerScaleDown.FromMs)),
            DeletedWorkload = Deleted(owner, tracker) ?? Deleted(top, tracker),
        };
    }

    private ReportedDeletion? DeletedBy(PodTerminationTracker tracker) =>
        _events.DeletedBy(tracker.Record.Namespace, tracker.Record.Pod) is { } by && by.TimeOf(tracker) is not null ? by : null;

    private long? DeletedMs(PodTerminationTracker tracker) =>
        _events.DeletedBy(tracker.Record.Namespace, tracker.Record.Pod) is { } by ? by.TimeOf(tracker) : null;

    // Its owners were deleted after it, and with them everything else in its namespace.
    private bool IsNamespaceDeleted(PodTerminationTracker tracker, WorkloadInfo? owner, WorkloadInfo? top)
    {
        if (tracker.HasSuccessor || _namespaces.Deleted(tracker.Record.Namespace) is not { } deleted
            || tracker.SeenMs > deleted.FromMs || tracker.SeenMs < deleted.ToMs - ReclassifyWindowMs)
            return false;
        return (owner is null || _workloads.DeletedMs(owner.Uid) >= deleted.FromMs) && (top is null || _workloads.DeletedMs(top.Uid) >= deleted.FromMs);
    }

    // Of a pod that only an earlier run saw nothing is known that could be classified again: what ended together with the last pod of
    // the namespace went with it.
    private void SetCauseOfRestored(string ns)
    {
        if (_namespaces.Deleted(ns) is not { } deleted)
            return;
        foreach (var tracker in _byUid.Values.Where(t => t is { IsRestored: true, Pod: null } && t.Record.Namespace == ns && t.CanSetCause(TerminationCause.NamespaceDeleted)))
        {
            if (tracker.Record.DeletedMs is not { } at || at > deleted.FromMs || at < deleted.FromMs - NamespaceWindowMs)
                continue;
            tracker.SetCause(TerminationCause.NamespaceDeleted, TerminationCauseClassifier.NamespaceEvidence(ns), null);
            MarkDirty(tracker);
        }
    }

    // Without a workload that would have outlived it, a pod is no evidence about its namespace.
    private void RestoreInNamespace(Termination ended, long deletedMs)
    {
        if (ended.Workload is { Kind: not ("Job" or "CronJob" or "Node") })
            _namespaces.Restore(ended.Namespace, deletedMs);
    }

    // Deleted before the pod, or together with it (foreground deletion).
    private WorkloadInfo? Deleted(WorkloadInfo? workload, PodTerminationTracker tracker) =>
        workload is not null && _workloads.DeletedMs(workload.Uid) is { } at
        && at <= Math.Max(tracker.SeenMs, tracker.Record.DeletedMs ?? 0) + ScaleDownLog.SlackMs
            ? workload : null;

    private (WorkloadInfo? Owner, WorkloadInfo? Top) OwnersOf(ClusterMap map, PodInfo? pod)
    {
        var owner = Workload(map, pod?.Controller?.Uid);
        return (owner, Workload(map, owner?.Controller?.Uid));
    }

    private WorkloadInfo? Workload(ClusterMap map, string? uid) =>
        uid is null ? null : map.Workloads.GetValueOrDefault(uid) ?? _workloads.Former(uid);

    private static OwnerRef? TopOf(PodInfo? pod, WorkloadInfo? owner, WorkloadInfo? top) =>
        top is not null ? new OwnerRef(top.Kind.ToString(), top.Name, top.Uid) : owner?.Controller ?? pod?.Controller;
}
