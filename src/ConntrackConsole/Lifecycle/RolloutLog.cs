using System.Globalization;
using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Lifecycle.Evidence;

namespace ConntrackConsole.Lifecycle;

/// <summary>Tracks rollouts of workloads from revision to revision. Keeps the newest <see cref="Max"/>.</summary>
/// <remarks>Deployments, ReplicaSets and pods arrive on separate watches: each time is the earliest that any of them reported.</remarks>
internal sealed partial class RolloutLog
{
    public const int Max = 2_000;

    // A pod's end and the start of its rollout arrive on different watches.
    private const long SlackMs = ScaleDownLog.SlackMs;

    private const long MaxClockSkewMs = 60_000;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, RolloutTracker> _trackers = [];
    private readonly Dictionary<string, Rollout> _byId = [];
    private readonly Queue<string> _order = new();
    private readonly Queue<string> _deleted = new();
    private readonly Dictionary<string, Rollout> _dirty = [];
    private volatile Rollout[]? _snapshot = [];

    public IReadOnlyList<Rollout> Current
    {
        get
        {
            if (_snapshot is { } snapshot)
                return snapshot;
            lock (_lock)
                return _snapshot = [.. _byId.Values.OrderBy(r => r.StartedMs)];
        }
    }

    /// <summary>Restores what an earlier run saved.</summary>
    public void Restore(IEnumerable<Rollout> saved)
    {
        lock (_lock)
        {
            foreach (var rollout in saved.OrderBy(r => r.StartedMs))
            {
                var tracker = TrackerOf(rollout.WorkloadUid);
                tracker.Revision = rollout.Revision;
                Store(tracker, rollout);
            }

            _dirty.Clear();
        }
    }

    public List<Rollout> DrainDirty()
    {
        lock (_lock)
        {
            List<Rollout> taken = [.. _dirty.Values];
            _dirty.Clear();
            return taken;
        }
    }

    /// <summary>Requeues rollouts that could not be written.</summary>
    public void Requeue(IEnumerable<Rollout> rollouts)
    {
        lock (_lock)
        {
            foreach (var rollout in rollouts)
                _dirty.TryAdd(rollout.Id, rollout);
        }
    }

    /// <summary>The newest rollout that was in progress within a time range and replaces the pod's template.</summary>
    public Rollout? Replacing(string workloadUid, PodInfo pod, TimeRange at)
    {
        lock (_lock)
        {
            return _trackers.GetValueOrDefault(workloadUid)?.Ids.Select(id => _byId.GetValueOrDefault(id)).LastOrDefault(r =>
                r is not null && r.StartedMs - SlackMs <= at.ToMs && (r.ClosedMs ?? at.ToMs) + SlackMs >= at.FromMs && IsReplacing(r, pod));
        }
    }

    /// <summary>The first rollout that started at or after a time.</summary>
    public Rollout? FirstAfter(string workloadUid, long atMs)
    {
        lock (_lock)
            return _trackers.GetValueOrDefault(workloadUid)?.Ids.Select(id => _byId.GetValueOrDefault(id)).FirstOrDefault(r => r?.StartedMs >= atMs);
    }

    /// <param name="listed">Set if the change comes from a list: it happened at an unknown time within this range.</param>
    /// <returns>The uid of the workload, if its rollout started or closed.</returns>
    public string? Follow(ClusterMap before, ClusterMap after, ClusterChange change, long nowMs, TimeRange? listed)
    {
        lock (_lock)
        {
            switch (change)
            {
                case WorkloadChange { Workload: { Kind: WorkloadKind.ReplicaSet, Controller: { Kind: ArgoKind } rollout } argo } changed:
                    return FollowArgoSet(argo, rollout, changed.Deleted, nowMs, listed);
                case WorkloadChange { Workload: { Kind: WorkloadKind.ReplicaSet } set, Deleted: false }:
                    return set.Controller is { Kind: nameof(WorkloadKind.Deployment) } owner
                        ? FollowSet(before, after, set, owner.Uid, nowMs, listed) : null;
                case WorkloadChange { Workload.Kind: not WorkloadKind.ReplicaSet } changed:
                    return changed.Deleted ? Forget(changed.Workload.Uid, nowMs, listed) : FollowWorkload(after, changed.Workload, nowMs, listed);
                case PodChange { Deleted: false, Pod: { Ready: true, IsTerminating: false, Controller: not null } pod }:
                    FollowPod(after, pod, nowMs, listed);
                    return null;
                default:
                    return null;
            }
        }
    }

    private string? FollowWorkload(ClusterMap map, WorkloadInfo workload, long nowMs, TimeRange? listed)
    {
        bool first = !_trackers.TryGetValue(workload.Uid, out var known) || known.Undecided is not null;
        var tracker = TrackerOf(workload.Uid);
        if (first && workload.Kind == WorkloadKind.DaemonSet && workload.ObservedGeneration < workload.Generation)
        {
            // Its revision is new, its counts are those of the former one: whether a rollout has begun is in its next status.
            tracker.Undecided ??= listed;
            if (tracker.Undecided is not null)
                return null;
        }

        if (first && tracker.Undecided is { } undecided)
            listed ??= undecided;
        tracker.Undecided = null;
        bool changed = false;
        if (workload.Revision is { } revision)
        {
            // Its newest ReplicaSet may have reported a revision that the Deployment does not have yet.
            bool newer = IsNewer(workload.Kind, revision, tracker.Revision);
            bool starts = first ? IsUnderWay(workload, isNew: listed is null) : newer;
            string? from = first ? workload.CurrentRevision : tracker.Revision;
            tracker.Revision = newer ? revision : tracker.Revision;
            if (starts)
            {
                Start(tracker, workload, revision, from == revision ? null : from, nowMs, listed);
                changed = true;
            }
        }

        if (Latest(tracker) is not { IsOpen: true } open || open.Revision != workload.Revision)
            return changed ? workload.Uid : null;
        var next = open;
        // Until its controller has observed the new generation, the condition is that of the previous revision.
        if (workload.Progress == "ProgressDeadlineExceeded" && workload.ObservedGeneration >= workload.Generation)
            next = next with { StuckMs = next.StuckMs ?? nowMs };
        if (IsFinished(workload))
        {
            next = next with { FinishedMs = nowMs, SurgedMs = next.SurgedMs ?? (workload.Ready > 0 ? nowMs : null) };
            changed = true;
        }

        next = SurgedUnseen(map, next, nowMs, listed);
        Put(tracker, open, next, nowMs, listed);
        return changed ? workload.Uid : null;
    }

    private string? FollowSet(ClusterMap before, ClusterMap after, WorkloadInfo set, string owner, long nowMs, TimeRange? listed)
    {
        // Before its Deployment was first seen there is no revision to compare with.
        if (set.Revision is not { } revision || _trackers.GetValueOrDefault(owner) is not { } tracker)
            return null;
        bool starts = IsNewer(WorkloadKind.Deployment, revision, tracker.Revision) && after.Workloads.ContainsKey(owner);
        if (starts)
        {
            string? from = tracker.Revision;
            tracker.Revision = revision;
            Start(tracker, after.Workloads[owner], revision, from, nowMs, listed);
        }

        if (Latest(tracker) is not { } latest)
            return null;
        bool isKnown = before.Workloads.ContainsKey(set.Uid);
        bool changed = latest.Revision != revision && FollowEarlier(tracker, set, isKnown, nowMs, listed);
        var next = latest;
        if (latest.Revision == revision)
        {
            string? former = before.Workloads.GetValueOrDefault(set.Uid)?.Revision;
            next = next with
            {
                TemplateHash = next.TemplateHash ?? set.TemplateHash,
                // The template belonged to an earlier revision: a rollback, or the same template again.
                IsRollback = next.IsRollback || set.HadOtherRevisions || (former is not null && IsNewer(WorkloadKind.Deployment, revision, former)),
            };
            if (former is not null && former != revision && listed is null)
                next = next with { StartedMs = Math.Min(next.StartedMs, nowMs) };
            // First seen mid-rollout: the ReplicaSet was created when the rollout started.
            if (next is { Unwatched: { } unwatched, IsRollback: false } && set.CreatedMs > 0 && unwatched.Contains(next.StartedMs) && set.CreatedMs < next.StartedMs)
                next = next with { StartedMs = set.CreatedMs };
            if (listed is null && !isKnown)
                next = StartedUnseen(next, set, nowMs);
            if (set.Ready > 0 && latest.IsOpen)
                next = Surged(next, nowMs);
            next = SurgedUnseen(after, next, nowMs, listed);
        }
        else if (latest.IsOpen && latest.FromRevision is null && set.Replicas + set.Desired > 0)
        {
            next = next with { FromRevision = revision };
        }

        Put(tracker, latest, next, nowMs, listed);
        return starts || changed || next.TemplateHash != latest.TemplateHash || next.StartedMs != latest.StartedMs ? owner : null;
    }

    // The watch of ReplicaSets may be behind that of their Deployment by more than a rollout.
    private bool FollowEarlier(RolloutTracker tracker, WorkloadInfo set, bool isKnown, long nowMs, TimeRange? listed)
    {
        string? id = tracker.Ids.FindLast(id => _byId.GetValueOrDefault(id)?.Revision == set.Revision);
        if (id is null)
            return false;
        var former = _byId[id];
        var next = former with { TemplateHash = former.TemplateHash ?? set.TemplateHash };
        Put(tracker, former, listed is null && !isKnown ? StartedUnseen(next, set, nowMs) : next, nowMs, listed);
        return _byId[id] != former;
    }

    // Each time is the earliest that any watch reported. Beyond MaxClockSkewMs it is not the API server's clock that differs, but the
    // watches that are late; then the start is as exact as the creation of the ReplicaSet that the rollout made.
    private static Rollout StartedUnseen(Rollout rollout, WorkloadInfo set, long nowMs)
    {
        if (rollout.IsRollback || set.HadOtherRevisions)
            return rollout;
        if (set.CreatedMs > 0 && rollout.StartedMs - set.CreatedMs > MaxClockSkewMs)
            return rollout with { StartedMs = set.CreatedMs, Unwatched = new TimeRange(set.CreatedMs, nowMs) };
        return nowMs < rollout.StartedMs ? rollout with { StartedMs = nowMs } : rollout;
    }

    // Pods are listed by a separate watch, often before their owners: a pod that is ready by now became ready at an unknown
    // time, and the next watch event that shows it is late.
    private static Rollout SurgedUnseen(ClusterMap map, Rollout rollout, long nowMs, TimeRange? listed)
    {
        if (listed is null || !rollout.IsOpen || rollout.SurgedMs is not null)
            return rollout;
        foreach (var pod in map.Pods.Values)
        {
            if (pod is { Ready: true, IsTerminating: false, Controller: { } owner } && IsOf(map, rollout, pod, owner.Uid))
                return Surged(rollout, nowMs);
        }

        return rollout;
    }

    private static bool IsOf(ClusterMap map, Rollout rollout, PodInfo pod, string owner) => owner == rollout.WorkloadUid
        ? !IsReplacing(rollout, pod)
        : map.Workloads.GetValueOrDefault(owner) is { Kind: WorkloadKind.ReplicaSet } set && set.Controller?.Uid == rollout.WorkloadUid
            && set.Revision == rollout.Revision;

    private void FollowPod(ClusterMap map, PodInfo pod, long nowMs, TimeRange? listed)
    {
        string owner = pod.Controller!.Uid;
        var set = map.Workloads.GetValueOrDefault(owner);
        if (!_trackers.TryGetValue(set?.Controller?.Uid ?? owner, out var tracker) || Latest(tracker) is not { IsOpen: true } open)
            return;
        bool isNew = set is { Kind: WorkloadKind.ReplicaSet } ? set.Revision == open.Revision : !IsReplacing(open, pod);
        if (isNew)
            Put(tracker, open, Surged(open, nowMs), nowMs, listed);
    }

    /// <summary>Closes the rollouts of an earlier run with a workload that the list of its kind does not contain.</summary>
    public void CloseMissing(WorkloadKind kind, IReadOnlySet<string> uids, long nowMs, TimeRange unwatched)
    {
        lock (_lock)
        {
            foreach (var open in _byId.Values.Where(r => r.IsOpen && r.Kind == kind && !uids.Contains(r.WorkloadUid)).ToList())
                Forget(open.WorkloadUid, nowMs, unwatched);
        }
    }

    private string? Forget(string workload, long nowMs, TimeRange? listed)
    {
        if (!_trackers.TryGetValue(workload, out var tracker))
            return null;
        if (Latest(tracker) is { IsOpen: true } open)
            Put(tracker, open, open with { AbandonedMs = nowMs }, nowMs, listed);
        // Not immediately: its last pods are still terminating.
        _deleted.Enqueue(workload);
        while (_deleted.Count > Max)
            _trackers.Remove(_deleted.Dequeue());
        return workload;
    }

    private void Start(RolloutTracker tracker, WorkloadInfo workload, string revision, string? from, long nowMs, TimeRange? listed)
    {
        if (Latest(tracker) is { IsOpen: true } open)
            Put(tracker, open, open with { RolledBackMs = nowMs }, nowMs, listed);
        string id = $"{workload.Uid}/{revision}";
        bool seen = _byId.ContainsKey(id);
        var started = new Rollout(
            // A StatefulSet's revision has the same name when it is rolled out again.
            seen ? $"{id}@{nowMs.ToString(CultureInfo.InvariantCulture)}" : id,
            workload.Kind, workload.Uid, workload.Namespace, workload.Name, revision, from, nowMs, null, null, null)
        {
            TemplateHash = workload.Kind == WorkloadKind.StatefulSet ? revision : null,
            IsRollback = seen,
        };
        Put(tracker, null, started, nowMs, listed);
    }

    private static Rollout Surged(Rollout rollout, long nowMs) =>
        rollout with { SurgedMs = Math.Max(rollout.StartedMs, Math.Min(rollout.SurgedMs ?? nowMs, nowMs)) };

    private void Put(RolloutTracker tracker, Rollout? former, Rollout next, long nowMs, TimeRange? listed)
    {
        if (next == former)
            return;
        if (listed is { } unwatched)
            next = next with { Unwatched = new TimeRange(next.Unwatched?.FromMs ?? Math.Max(unwatched.FromMs, LastKnown(former)), nowMs) };
        Store(tracker, next);
        _dirty[next.Id] = next;
    }

    private static long LastKnown(Rollout? former) => former is null ? 0 : Math.Max(former.StartedMs, Math.Max(former.SurgedMs ?? 0, former.StuckMs ?? 0));

    private void Store(RolloutTracker tracker, Rollout rollout)
    {
        if (_byId.TryAdd(rollout.Id, rollout))
        {
            _order.Enqueue(rollout.Id);
            tracker.Add(rollout.Id);
        }

        _byId[rollout.Id] = rollout;
        while (_order.Count > Max)
            _byId.Remove(_order.Dequeue());
        _snapshot = null;
    }

    private RolloutTracker TrackerOf(string workloadUid)
    {
        if (!_trackers.TryGetValue(workloadUid, out var tracker))
            _trackers[workloadUid] = tracker = new RolloutTracker();
        return tracker;
    }

    private Rollout? Latest(RolloutTracker tracker) => tracker.Ids.Count > 0 ? _byId.GetValueOrDefault(tracker.Ids[^1]) : null;

    private static bool IsReplacing(Rollout rollout, PodInfo pod) => rollout.Kind == WorkloadKind.DaemonSet
        // Pods have a hash, the DaemonSet only a generation. creationTimestamp has whole seconds.
        ? pod.CreatedMs + 999 < rollout.StartedMs
        : rollout.TemplateHash is null || pod.TemplateHash != rollout.TemplateHash;

    private static bool IsNewer(WorkloadKind kind, string revision, string? known) =>
        known is null
        || (kind != WorkloadKind.StatefulSet && long.TryParse(revision, out long now) && long.TryParse(known, out long then) ? now > then : revision != known);

    private static bool IsUnderWay(WorkloadInfo w, bool isNew) => w.Kind switch
    {
        // Until its controller has observed the new generation, the counts are those of the previous revision.
        WorkloadKind.Deployment => w.Progress != "NewReplicaSetAvailable"
            && ((w.Progress is not null && w.ObservedGeneration < w.Generation) || w.Updated < w.Desired || w.Replicas > w.Updated || w.Available < w.Desired),
        WorkloadKind.StatefulSet => w.CurrentRevision is { } current && current != w.Revision,
        WorkloadKind.DaemonSet => w.Updated < w.Replicas,
        _ => false,
    } || (isNew && w.Kind != WorkloadKind.Deployment && w.Generation == 1 && w.Ready < w.Desired);

    private static bool IsFinished(WorkloadInfo w) => w.ObservedGeneration >= w.Generation && w.Available >= w.Desired && (w.Kind == WorkloadKind.StatefulSet
        ? w.CurrentRevision == w.Revision && w.Replicas >= w.Desired
        : w.Updated >= w.Desired && w.Replicas <= w.Updated);

    private sealed class RolloutTracker
    {
        private const int MaxIds = 8;

        public string? Revision { get; set; }

        /// <summary>First listed before its controller had observed its generation: the range in which its rollout may have begun.</summary>
        public TimeRange? Undecided { get; set; }

        public List<string> Ids { get; } = [];

        public void Add(string id)
        {
            Ids.Add(id);
            if (Ids.Count > MaxIds)
                Ids.RemoveAt(0);
        }
    }
}
