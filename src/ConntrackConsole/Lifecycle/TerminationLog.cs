using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Lifecycle.Evidence;

namespace ConntrackConsole.Lifecycle;

/// <summary>
/// Tracks pod terminations over all watches, which have no order between them: the input of each watch is kept separately,
/// and the record is rebuilt whenever one of them changes. Keeps the newest <see cref="Max"/>.
/// </summary>
internal sealed partial class TerminationLog(RolloutLog rollouts, RestartLog? restarts = null)
{
    public const int Max = 10_000;

    // Pods that ended on their own longer ago than this when first listed are ignored.
    private const long MaxListedAgeMs = 3_600_000;

    // How long after its deletion a pod's cause may still be reclassified.
    private const long ReclassifyWindowMs = 600_000;

    private readonly Lock _lock = new();
    private readonly EndpointTransitionLog _endpoints = new();
    private readonly ScaleDownLog _workloads = new();
    private readonly PodEventIndex _events = new();
    private readonly NamespaceDeletionLog _namespaces = new();
    private readonly Dictionary<string, PodTerminationTracker> _byUid = [];
    private readonly Dictionary<Ip, PodTerminationTracker> _byIp = [];
    private readonly Dictionary<(string Namespace, string Pod), PodTerminationTracker> _byName = [];
    private readonly Dictionary<string, List<PodTerminationTracker>> _byOwner = [];
    private readonly Dictionary<(string Namespace, string Set), List<PodTerminationTracker>> _orphans = [];
    private readonly Queue<string> _order = new();
    private readonly Dictionary<string, Termination> _dirty = [];
    private volatile Termination[]? _snapshot = [];
    private Absence? _absence;

    public RolloutLog Rollouts => rollouts;

    public RestartLog Restarts { get; } = restarts ?? new RestartLog();

    /// <summary>Ordered by <see cref="Termination.DeletionRequestedMs"/>, oldest first.</summary>
    public IReadOnlyList<Termination> Current
    {
        get
        {
            if (_snapshot is { } snapshot)
                return snapshot;
            lock (_lock)
            {
                var all = new Termination[_byUid.Count];
                long[] requested = new long[all.Length];
                int count = 0;
                foreach (var tracker in _byUid.Values)
                    (all[count], requested[count++]) = (tracker.Record, tracker.Record.DeletionRequestedMs);
                Array.Sort(requested, all);
                return _snapshot = all;
            }
        }
    }

    /// <summary>Restores a termination that an earlier run saved.</summary>
    public void Restore(Termination saved)
    {
        lock (_lock)
        {
            Add(new PodTerminationTracker(saved));
            if (saved.DeletedMs is { } deletedMs)
                RestoreInNamespace(saved, deletedMs);
        }
    }

    /// <summary>Returns and clears the terminations that are not saved yet.</summary>
    public List<Termination> DrainDirty()
    {
        lock (_lock)
        {
            List<Termination> removal = [.. _dirty.Values];
            _dirty.Clear();
            return removal;
        }
    }

    /// <summary>Requeues terminations that could not be written.</summary>
    public void Requeue(IEnumerable<Termination> terminations)
    {
        lock (_lock)
        {
            foreach (var termination in terminations)
                _dirty.TryAdd(termination.Uid, termination);
        }
    }

    /// <summary>Closes what an earlier run saw and the first lists no longer contain: it was deleted while the console was not watching.</summary>
    /// <param name="known">The pods known to the earlier run.</param>
    /// <param name="services">The Services of those that had an endpoint, by uid.</param>
    /// <param name="watchedUntilMs">When that run last watched; 0 if unknown.</param>
    public void CloseMissing(
        ClusterMap map, IReadOnlyList<PodInfo> known, IReadOnlyDictionary<string, ServiceKey> services, long watchedUntilMs, long nowMs)
    {
        var unwatched = new TimeRange(Math.Min(watchedUntilMs, nowMs), nowMs);
        // In a long absence a namespace may have emptied in any order.
        bool isShort = nowMs - unwatched.FromMs <= NamespaceWindowMs;
        lock (_lock)
        {
            _absence = new Absence(unwatched, PlaceholderPod.CountBySet(known.Where(pod => _byUid.GetValueOrDefault(pod.Uid) is not { IsRestored: true })));
            foreach (var tracker in _byUid.Values)
            {
                // Its endpoint may have left the slices before its end was listed.
                if (tracker.Record.Service is null && services.TryGetValue(tracker.Uid, out var service))
                {
                    tracker.SetService(service);
                    Rebuild(map, tracker);
                }

                var record = tracker.Record;
                bool gone = record.DeletedMs is null && !map.Pods.ContainsKey(record.Uid);
                bool endpointGone = record is { EndpointRemovedMs: null, Service: not null } && _endpoints.Of(record.Uid) is null
                    && !map.EndpointsAt(record.PodIp).Any(e => e.SliceEndpoint.PodUid == record.Uid);
                if (gone)
                {
                    tracker.MarkDeletedUnwatched(nowMs, unwatched);
                    if (isShort)
                        RestoreInNamespace(record, nowMs);
                }

                if (endpointGone)
                    tracker.MarkEndpointRemovedUnwatched(nowMs, unwatched);
                if (gone || endpointGone)
                    MarkDirty(tracker);
            }

            foreach (var pod in known)
            {
                if (_byUid.TryGetValue(pod.Uid, out var present))
                {
                    // It ended meanwhile, and its object has lost the address.
                    present.SetAddress(pod.Ip);
                    Add(present);
                }

                if (map.Pods.ContainsKey(pod.Uid) || present is not null)
                    continue;
                var tracker = new PodTerminationTracker(pod, nowMs);
                tracker.Observe(pod, true, nowMs, unwatched);
                if (isShort && PlaceholderPod.SetOf(pod) is not null)
                    _namespaces.Restore(pod.Namespace, nowMs);
                if (services.TryGetValue(pod.Uid, out var service))
                {
                    tracker.SetService(service);
                    if (_endpoints.Of(pod.Uid) is null)
                        tracker.MarkEndpointRemovedUnwatched(nowMs, unwatched);
                }

                if (PlaceholderPod.SetOf(pod) is { } set)
                    _orphans[set] = [.. _orphans.GetValueOrDefault(set) ?? [], tracker];
                Add(tracker);
                Rebuild(map, tracker);
            }

            foreach (string ns in _namespaces.CloseEmpty(nowMs))
            {
                ReclassifyAll(map, t => t.Record.Namespace == ns, nowMs);
                SetCauseOfRestored(ns);
            }

            if (_orphans.Count == 0)
                return;
            foreach (var workload in map.Workloads.Values)
                Adopt(map, workload);
        }
    }

    // The ReplicaSet may be listed later than its pods.
    private void Adopt(ClusterMap map, WorkloadInfo set)
    {
        if (set.Kind != WorkloadKind.ReplicaSet || !_orphans.Remove((set.Namespace, set.Name), out var trackers))
            return;
        foreach (var tracker in trackers)
        {
            tracker.Adopt(set);
            Rebuild(map, tracker);
        }
    }

    /// <param name="listed">Set if the change comes from a list: the range in which the console was not watching; null for a watch event.</param>
    public void Follow(ClusterMap before, ClusterMap after, ClusterChange change, long nowMs, TimeRange? listed = null)
    {
        lock (_lock)
        {
            string? changedWorkload = rollouts.Follow(before, after, change, nowMs, listed);
            string? deletedNamespace = _namespaces.Follow(before, after, change, nowMs);
            switch (change)
            {
                case PodChange { Pod: var pod, Deleted: var deleted }:
                    if (!deleted)
                        Restarts.Follow(before, after, pod, nowMs, listed is not null);
                    FollowPod(before, after, pod, deleted, nowMs, listed);
                    break;
                case SliceChange { Slice: var slice }:
                    foreach (string uid in _endpoints.Follow(before, after, slice, nowMs, listed))
                        FollowEndpoint(uid);
                    break;
                case WorkloadChange { Workload: var workload, Deleted: var gone }:
                    if (_orphans.Count > 0)
                        Adopt(after, workload);
                    var former = before.Workloads.GetValueOrDefault(workload.Uid);
                    // A workload that is listed after its pods can also explain their termination.
                    if (_workloads.Follow(former, workload, gone, nowMs) || changedWorkload is not null || former is null)
                        ReclassifyAll(after, workload, changedWorkload);
                    break;
                case NodeChange { Node: var node } when IsReadinessChanged(before.Nodes.GetValueOrDefault(node.Name), after.Nodes.GetValueOrDefault(node.Name)):
                    ReclassifyAll(after, t => t.Record.Node == node.Name && t.Record.Cause is (TerminationCause.Taint or TerminationCause.NodeLost), nowMs);
                    break;
                case EventChange { Event: var reported }:
                    var (about, name) = _events.Follow(reported);
                    var tracker = about is not null ? _byUid.GetValueOrDefault(about) : name is not null ? _byName.GetValueOrDefault((reported.Namespace, name)) : null;
                    if (tracker is not null)
                        Rebuild(after, tracker);
                    break;
            }

            if (deletedNamespace is not null)
            {
                ReclassifyAll(after, t => t.Record.Namespace == deletedNamespace, nowMs);
                SetCauseOfRestored(deletedNamespace);
            }
        }
    }

    private void FollowPod(ClusterMap before, ClusterMap after, PodInfo pod, bool deleted, long nowMs, TimeRange? listed)
    {
        RecordIpReuse(before, pod, nowMs, listed);
        var known = before.Pods.GetValueOrDefault(pod.Uid);
        if (known is null && !deleted)
            RecordSuccessor(pod);
        // An evicted pod loses its address in the update that reports its end.
        if (pod.Ips.Count == 0 && known is { Ips.Count: > 0 })
            pod = pod with { Ips = known.Ips };
        var tracker = _byUid.GetValueOrDefault(pod.Uid);
        if (tracker is null)
        {
            if (!deleted && !pod.IsTerminating && !pod.ContainersEnded && !pod.IsStoppedByKubelet)
                return;
            if (listed is not null && !deleted && !pod.IsTerminating && pod.FinishedMs < nowMs - MaxListedAgeMs)
                return;
            tracker = new PodTerminationTracker(pod, nowMs);
        }

        bool first = tracker.Pod is null;
        tracker.Observe(pod, deleted, nowMs, listed);
        if (!_byUid.ContainsKey(pod.Uid) || first)
            Add(tracker);
        if (tracker.Record.Service is null)
            tracker.SetService(EndpointTransitionLog.ServiceOf(after, pod));
        Rebuild(after, tracker);
    }

    // An address of another pod that is now assigned to this one.
    private void RecordIpReuse(ClusterMap before, PodInfo pod, long nowMs, TimeRange? listed)
    {
        if (pod.HostNetwork || pod.Ips.Count == 0)
            return;
        var known = before.Pods.GetValueOrDefault(pod.Uid)?.Ips ?? [];
        foreach (var ip in pod.Ips)
        {
            if (known.Contains(ip) || !_byIp.TryGetValue(ip, out var former) || former.Uid == pod.Uid || former.Record.IpReusedMs is not null)
                continue;
            // The mirror object of a static pod was replaced; the containers are the same.
            if (pod.IsMirror && former.Record.Pod == pod.Name && former.Record.Namespace == pod.Namespace)
                continue;
            former.SetIpReused(pod.FullName, nowMs, listed);
            former.Rebuild(_endpoints.Of(former.Uid), _events.Of(former.Uid), null, DeletedMs(former));
            MarkDirty(former);
        }
    }

    // A controller replaces a pod that was deleted by hand, but none in a namespace that is being deleted.
    private void RecordSuccessor(PodInfo pod)
    {
        if (pod.Controller is not { } controller || !_byOwner.TryGetValue(controller.Uid, out var trackers))
            return;
        foreach (var tracker in trackers)
            tracker.HasSuccessor |= pod.CreatedMs + 999 >= tracker.DeletionRequestedMs;
    }

    // Nodes are a separate watch: that one is lost may be known only after its pods are being deleted.
    private static bool IsReadinessChanged(NodeInfo? before, NodeInfo? after) =>
        (before?.Reachable, before?.ReadySinceMs) != (after?.Reachable, after?.ReadySinceMs) || before is null != after is null;

    private void ReclassifyAll(ClusterMap map, Func<PodTerminationTracker, bool> isMeant, long nowMs)
    {
        foreach (var tracker in _byUid.Values.Where(t => t.SeenMs >= nowMs - ReclassifyWindowMs && isMeant(t)).ToList())
            Rebuild(map, tracker);
    }

    private void FollowEndpoint(string uid)
    {
        if (!_byUid.TryGetValue(uid, out var tracker))
            return;
        tracker.Rebuild(_endpoints.Of(uid), _events.Of(uid), null, DeletedMs(tracker));
        MarkDirty(tracker);
    }

    private void ReclassifyAll(ClusterMap map, WorkloadInfo workload, string? changedWorkload)
    {
        foreach (string owner in new[] { workload.Uid, workload.Controller?.Uid, changedWorkload }.OfType<string>().Distinct())
        {
            foreach (var tracker in _byOwner.GetValueOrDefault(owner) ?? [])
                Rebuild(map, tracker);
        }
    }

    private void Add(PodTerminationTracker tracker)
    {
        if (_byUid.TryAdd(tracker.Uid, tracker))
            _order.Enqueue(tracker.Uid);
        var record = tracker.Record;
        if (!record.PodIp.IsNone && tracker.Pod is not { HostNetwork: true })
            _byIp[record.PodIp] = tracker;
        _byName[(record.Namespace, record.Pod)] = tracker;
        while (_order.Count > Max)
            Drop(_order.Dequeue());
        _snapshot = null;
    }

    // Indexed under its ReplicaSet and its Deployment, so that changes of these reach it.
    private void Index(PodTerminationTracker tracker, string? owner)
    {
        if (owner is null || tracker.Owners.Contains(owner))
            return;
        tracker.Owners.Add(owner);
        if (!_byOwner.TryGetValue(owner, out var trackers))
            _byOwner[owner] = trackers = [];
        // Old terminations are not reclassified: they are removed each time the list has doubled.
        if (trackers.Count >= 64 && (trackers.Count & (trackers.Count - 1)) == 0)
            trackers.RemoveAll(e => e.Record.DeletedMs < tracker.SeenMs - ReclassifyWindowMs);
        trackers.Add(tracker);
    }

    private void Drop(string uid)
    {
        if (!_byUid.Remove(uid, out var tracker))
            return;
        if (_byIp.GetValueOrDefault(tracker.Record.PodIp) == tracker)
            _byIp.Remove(tracker.Record.PodIp);
        if (_byName.GetValueOrDefault((tracker.Record.Namespace, tracker.Record.Pod)) == tracker)
            _byName.Remove((tracker.Record.Namespace, tracker.Record.Pod));
        foreach (string owner in tracker.Owners)
        {
            if (_byOwner.TryGetValue(owner, out var trackers) && trackers.Remove(tracker) && trackers.Count == 0)
                _byOwner.Remove(owner);
        }
    }

    private void MarkDirty(PodTerminationTracker tracker)
    {
        _dirty[tracker.Uid] = tracker.Record;
        _snapshot = null;
    }
}
