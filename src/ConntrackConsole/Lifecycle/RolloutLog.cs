using System.Globalization;
using ConntrackConsole.Cluster.Model;

namespace ConntrackConsole.Lifecycle;

/// <summary>Follows workloads from revision to revision. The newest <see cref="Max"/> are kept.</summary>
/// <remarks>Deployments, ReplicaSets and pods come by watches of their own: each instant is the earliest that any of them told.</remarks>
public sealed class RolloutLog
{
    public const int Max = 2_000;

    // A pod's end and its rollout's begin come by different watches.
    private const long SlackMs = ScaleDownLog.SlackMs;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, RolloutTracker> _tracks = [];
    private readonly Dictionary<string, Rollout> _byId = [];
    private readonly Queue<string> _order = new();
    private readonly Queue<string> _forgotten = new();
    private readonly Dictionary<string, Rollout> _unsaved = [];
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

    /// <summary>What an earlier run knew.</summary>
    public void Remember(IEnumerable<Rollout> past)
    {
        lock (_lock)
        {
            foreach (var rollout in past.OrderBy(r => r.StartedMs))
            {
                var track = Track(rollout.WorkloadUid);
                track.Revision = rollout.Revision;
                Keep(track, rollout);
            }

            _unsaved.Clear();
        }
    }

    public List<Rollout> TakeUnsaved()
    {
        lock (_lock)
        {
            List<Rollout> taken = [.. _unsaved.Values];
            _unsaved.Clear();
            return taken;
        }
    }

    /// <summary>They could not be written: next time again.</summary>
    public void KeepUnsaved(IEnumerable<Rollout> rollouts)
    {
        lock (_lock)
        {
            foreach (var rollout in rollouts)
                _unsaved.TryAdd(rollout.Id, rollout);
        }
    }

    /// <summary>The newest rollout that was under way within a stretch of time and leads away from a pod's template.</summary>
    public Rollout? Replacing(string workloadUid, PodInfo pod, TimeRange at)
    {
        lock (_lock)
        {
            return _tracks.GetValueOrDefault(workloadUid)?.Ids.Select(id => _byId.GetValueOrDefault(id)).LastOrDefault(r =>
                r is not null && r.StartedMs - SlackMs <= at.ToMs && (r.ClosedMs ?? at.ToMs) + SlackMs >= at.FromMs && LeadsAwayFrom(r, pod));
        }
    }

    /// <summary>The first rollout that began after a moment.</summary>
    public Rollout? FirstAfter(string workloadUid, long atMs)
    {
        lock (_lock)
            return _tracks.GetValueOrDefault(workloadUid)?.Ids.Select(id => _byId.GetValueOrDefault(id)).FirstOrDefault(r => r?.StartedMs >= atMs);
    }

    /// <param name="listed">It comes from a list: when it happened is not known, only that it has.</param>
    /// <returns>The workload with another rollout, or one that closed.</returns>
    public string? Follow(ClusterMap before, ClusterMap after, ClusterChange change, long nowMs, TimeRange? listed)
    {
        lock (_lock)
        {
            switch (change)
            {
                case WorkloadChange { Workload: { Kind: WorkloadKind.ReplicaSet } set, Deleted: false }:
                    return set.Controller is { Kind: nameof(WorkloadKind.Deployment) } owner
                        ? FollowSet(before, after, set, owner.Uid, nowMs, listed) : null;
                case WorkloadChange { Workload.Kind: not WorkloadKind.ReplicaSet } told:
                    return told.Deleted ? Forget(told.Workload, nowMs) : FollowWorkload(after, told.Workload, nowMs, listed);
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
        bool first = !_tracks.ContainsKey(workload.Uid);
        var track = Track(workload.Uid);
        bool changed = false;
        if (workload.Revision is { } revision)
        {
            // Its newest ReplicaSet may have told of a revision that the Deployment itself does not know yet.
            bool newer = IsNewer(workload.Kind, revision, track.Revision);
            bool starts = first ? IsUnderWay(workload, isNew: listed is null) : newer;
            string? from = first ? workload.CurrentRevision : track.Revision;
            track.Revision = newer ? revision : track.Revision;
            if (starts)
            {
                Start(track, workload, revision, from == revision ? null : from, nowMs, listed);
                changed = true;
            }
        }

        if (Latest(track) is not { IsOpen: true } open || open.Revision != workload.Revision)
            return changed ? workload.Uid : null;
        var next = open;
        if (workload.Progress == "ProgressDeadlineExceeded")
            next = next with { StuckMs = next.StuckMs ?? nowMs };
        if (IsFinished(workload))
        {
            next = next with { FinishedMs = nowMs, SurgedMs = next.SurgedMs ?? (workload.Ready > 0 ? nowMs : null) };
            changed = true;
        }

        next = SurgedUnseen(map, next, nowMs, listed);
        Put(track, open, next, nowMs, listed);
        return changed ? workload.Uid : null;
    }

    private string? FollowSet(ClusterMap before, ClusterMap after, WorkloadInfo set, string owner, long nowMs, TimeRange? listed)
    {
        // Before its Deployment was ever seen there is nothing to compare its revision with.
        if (set.Revision is not { } revision || _tracks.GetValueOrDefault(owner) is not { } track)
            return null;
        bool starts = IsNewer(WorkloadKind.Deployment, revision, track.Revision) && after.Workloads.ContainsKey(owner);
        if (starts)
        {
            string? from = track.Revision;
            track.Revision = revision;
            Start(track, after.Workloads[owner], revision, from, nowMs, listed);
        }

        if (Latest(track) is not { } latest)
            return null;
        var next = latest;
        if (latest.Revision == revision)
        {
            string? former = before.Workloads.GetValueOrDefault(set.Uid)?.Revision;
            next = next with
            {
                TemplateHash = next.TemplateHash ?? set.TemplateHash,
                // Its template was an earlier revision's: undone, or the same once more.
                IsRollback = next.IsRollback || set.HadOtherRevisions || (former is not null && IsNewer(WorkloadKind.Deployment, revision, former)),
            };
            if (former is not null && former != revision && listed is null)
                next = next with { StartedMs = Math.Min(next.StartedMs, nowMs) };
            // Found in the middle: the set was made when it began.
            if (next is { Unwatched: { } blind, IsRollback: false } && set.CreatedMs > 0 && blind.Contains(next.StartedMs) && set.CreatedMs < next.StartedMs)
                next = next with { StartedMs = set.CreatedMs };
            if (set.Ready > 0 && latest.IsOpen)
                next = Surged(next, nowMs);
            next = SurgedUnseen(after, next, nowMs, listed);
        }
        else if (latest.IsOpen && latest.FromRevision is null && set.Replicas + set.Desired > 0)
        {
            next = next with { FromRevision = revision };
        }

        Put(track, latest, next, nowMs, listed);
        return starts || next.TemplateHash != latest.TemplateHash ? owner : null;
    }

    // Pods are listed by a watch of their own, often before what tells whose they are: one that is ready by now has been so
    // for an unknown while, and the next line that says it is late.
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
        ? !LeadsAwayFrom(rollout, pod)
        : map.Workloads.GetValueOrDefault(owner) is { Kind: WorkloadKind.ReplicaSet } set && set.Controller?.Uid == rollout.WorkloadUid
            && set.Revision == rollout.Revision;

    private void FollowPod(ClusterMap map, PodInfo pod, long nowMs, TimeRange? listed)
    {
        string owner = pod.Controller!.Uid;
        var set = map.Workloads.GetValueOrDefault(owner);
        if (!_tracks.TryGetValue(set?.Controller?.Uid ?? owner, out var track) || Latest(track) is not { IsOpen: true } open)
            return;
        bool isNew = set is { Kind: WorkloadKind.ReplicaSet } ? set.Revision == open.Revision : !LeadsAwayFrom(open, pod);
        if (isNew)
            Put(track, open, Surged(open, nowMs), nowMs, listed);
    }

    private string? Forget(WorkloadInfo workload, long nowMs)
    {
        if (!_tracks.TryGetValue(workload.Uid, out var track))
            return null;
        if (Latest(track) is { IsOpen: true } open)
            Put(track, open, open with { AbandonedMs = nowMs }, nowMs, null);
        // Not at once: its last pods still end.
        _forgotten.Enqueue(workload.Uid);
        while (_forgotten.Count > Max)
            _tracks.Remove(_forgotten.Dequeue());
        return workload.Uid;
    }

    private void Start(RolloutTracker track, WorkloadInfo workload, string revision, string? from, long nowMs, TimeRange? listed)
    {
        if (Latest(track) is { IsOpen: true } open)
            Put(track, open, open with { RolledBackMs = nowMs }, nowMs, listed);
        string id = $"{workload.Uid}/{revision}";
        bool seen = _byId.ContainsKey(id);
        var started = new Rollout(
            // A StatefulSet's revision has the same name when it comes again.
            seen ? $"{id}@{nowMs.ToString(CultureInfo.InvariantCulture)}" : id,
            workload.Kind, workload.Uid, workload.Namespace, workload.Name, revision, from, nowMs, null, null, null)
        {
            TemplateHash = workload.Kind == WorkloadKind.StatefulSet ? revision : null,
            IsRollback = seen,
        };
        Put(track, null, started, nowMs, listed);
    }

    private static Rollout Surged(Rollout rollout, long nowMs) =>
        rollout with { SurgedMs = Math.Max(rollout.StartedMs, Math.Min(rollout.SurgedMs ?? nowMs, nowMs)) };

    private void Put(RolloutTracker track, Rollout? was, Rollout next, long nowMs, TimeRange? listed)
    {
        if (next == was)
            return;
        if (listed is { } blind)
            next = next with { Unwatched = new TimeRange(next.Unwatched?.FromMs ?? Math.Max(blind.FromMs, LastKnown(was)), nowMs) };
        Keep(track, next);
        _unsaved[next.Id] = next;
    }

    private static long LastKnown(Rollout? was) => was is null ? 0 : Math.Max(was.StartedMs, Math.Max(was.SurgedMs ?? 0, was.StuckMs ?? 0));

    private void Keep(RolloutTracker track, Rollout rollout)
    {
        if (_byId.TryAdd(rollout.Id, rollout))
        {
            _order.Enqueue(rollout.Id);
            track.Add(rollout.Id);
        }

        _byId[rollout.Id] = rollout;
        while (_order.Count > Max)
            _byId.Remove(_order.Dequeue());
        _snapshot = null;
    }

    private RolloutTracker Track(string workloadUid)
    {
        if (!_tracks.TryGetValue(workloadUid, out var track))
            _tracks[workloadUid] = track = new RolloutTracker();
        return track;
    }

    private Rollout? Latest(RolloutTracker track) => track.Ids.Count > 0 ? _byId.GetValueOrDefault(track.Ids[^1]) : null;

    private static bool LeadsAwayFrom(Rollout rollout, PodInfo pod) => rollout.Kind == WorkloadKind.DaemonSet
        // Its pods name a hash, and the DaemonSet only a generation. creationTimestamp has whole seconds.
        ? pod.CreatedMs + 999 < rollout.StartedMs
        : rollout.TemplateHash is null || pod.TemplateHash != rollout.TemplateHash;

    private static bool IsNewer(WorkloadKind kind, string revision, string? known) =>
        known is null
        || (kind != WorkloadKind.StatefulSet && long.TryParse(revision, out long now) && long.TryParse(known, out long then) ? now > then : revision != known);

    private static bool IsUnderWay(WorkloadInfo w, bool isNew) => w.Kind switch
    {
        // Before its controller has looked, its numbers are those of the revision before.
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

        public List<string> Ids { get; } = [];

        public void Add(string id)
        {
            Ids.Add(id);
            if (Ids.Count > MaxIds)
                Ids.RemoveAt(0);
        }
    }
}
