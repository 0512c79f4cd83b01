
using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Kernel.Net;

namespace ConntrackConsole.Lifecycle;

/// <summary>
/// Follows the ends of pods over all watches, which have no order between them: each watch's part is kept by itself, and
/// the record is made anew of all parts whenever one grows. The newest <see cref="Max"/> are kept.
/// </summary>
public sealed class TerminationLog(RolloutLog rollouts)
{
    public const int Max = 10_000;

    // What ended by itself longer ago than this when it is first listed is nobody's incident.
    private const long OldMs = 3_600_000;

    // How long after its deletion a pod's cause may still be read anew.
    private const long SettledMs = 600_000;

    private readonly Lock _lock = new();
    private readonly EndpointTransitionLog _endpoints = new();
    private readonly ScaleDownLog _workloads = new();
    private readonly PodEventIndex _events = new();
    private readonly Dictionary<string, PodTerminationTracker> _byUid = [];
    private readonly Dictionary<Ip, PodTerminationTracker> _byIp = [];
    private readonly Dictionary<(string Namespace, string Pod), PodTerminationTracker> _byName = [];
    private readonly Dictionary<string, List<PodTerminationTracker>> _byOwner = [];
    private readonly Dictionary<(string Namespace, string Set), List<PodTerminationTracker>> _orphans = [];
    private readonly Queue<string> _order = new();
    private readonly Dictionary<string, Termination> _unsaved = [];
    private volatile Termination[]? _snapshot = [];

    public RolloutLog Rollouts => rollouts;

    /// <summary>By <see cref="Termination.AskedMs"/>, oldest first.</summary>
    public IReadOnlyList<Termination> Current
    {
        get
        {
            if (_snapshot is { } snapshot)
                return snapshot;
            lock (_lock)
            {
                var all = new Termination[_byUid.Count];
                long[] asked = new long[all.Length];
                int count = 0;
                foreach (var ending in _byUid.Values)
                    (all[count], asked[count++]) = (ending.Told, ending.Told.AskedMs);
                Array.Sort(asked, all);
                return _snapshot = all;
            }
        }
    }

    /// <summary>What an earlier run knew.</summary>
    public void Remember(Termination past)
    {
        lock (_lock)
            Add(new PodTerminationTracker(past));
    }

    /// <summary>What was not written yet.</summary>
    public List<Termination> TakeUnsaved()
    {
        lock (_lock)
        {
            List<Termination> taken = [.. _unsaved.Values];
            _unsaved.Clear();
            return taken;
        }
    }

    /// <summary>They could not be written: next time again.</summary>
    public void KeepUnsaved(IEnumerable<Termination> terminations)
    {
        lock (_lock)
        {
            foreach (var termination in terminations)
                _unsaved.TryAdd(termination.Uid, termination);
        }
    }

    /// <summary>What an earlier run saw and the first lists do not name any more went while nobody looked.</summary>
    /// <param name="known">The pods as an earlier run left them, each as often as it had addresses.</param>
    /// <param name="watchedUntilMs">When that run last looked; 0 where that is not known.</param>
    public void CloseMissing(ClusterMap map, IEnumerable<PodInfo> known, long watchedUntilMs, long nowMs)
    {
        var unseen = new TimeRange(Math.Min(watchedUntilMs, nowMs), nowMs);
        lock (_lock)
        {
            foreach (var ending in _byUid.Values)
            {
                var told = ending.Told;
                bool gone = told.DeletedMs is null && !map.Pods.ContainsKey(told.Uid);
                bool left = told is { EndpointRemovedMs: null, Service: not null } && _endpoints.Of(told.Uid) is null
                    && !map.EndpointsAt(told.PodIp).Any(e => e.SliceEndpoint.PodUid == told.Uid);
                if (gone)
                    ending.Missed(nowMs, unseen);
                if (left)
                    ending.MissedEndpoint(nowMs, unseen);
                if (gone || left)
                    Changed(ending);
            }

            foreach (var pod in known)
            {
                if (map.Pods.ContainsKey(pod.Uid) || _byUid.ContainsKey(pod.Uid))
                    continue;
                var ending = new PodTerminationTracker(pod, nowMs);
                ending.See(pod, true, nowMs, unseen);
                if (PlaceholderPod.SetOf(pod) is { } set)
                    _orphans[set] = [.. _orphans.GetValueOrDefault(set) ?? [], ending];
                Add(ending);
                Retell(map, ending);
            }

            if (_orphans.Count == 0)
                return;
            foreach (var workload in map.Workloads.Values)
                Adopt(map, workload);
        }
    }

    // Its ReplicaSet may be listed later than the pods.
    private void Adopt(ClusterMap map, WorkloadInfo set)
    {
        if (set.Kind != WorkloadKind.ReplicaSet || !_orphans.Remove((set.Namespace, set.Name), out var endings))
            return;
        foreach (var ending in endings)
        {
            ending.Adopt(set);
            Retell(map, ending);
        }
    }

    /// <param name="listed">It comes from a list: since when nobody watched; null where it was watched.</param>
    public void Follow(ClusterMap before, ClusterMap after, ClusterChange change, long nowMs, TimeRange? listed = null)
    {
        lock (_lock)
        {
            string? rolled = rollouts.Follow(before, after, change, nowMs, listed);
            switch (change)
            {
                case PodChange { Pod: var pod, Deleted: var deleted }:
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
                    // One that is listed after its pods explains them, too.
                    if (_workloads.Follow(former, workload, gone, nowMs) || rolled is not null || former is null)
                        JudgeAll(after, workload, rolled);
                    break;
                case EventChange { Event: var told }:
                    var (about, name) = _events.Follow(told);
                    var ending = about is not null ? _byUid.GetValueOrDefault(about) : name is not null ? _byName.GetValueOrDefault((told.Namespace, name)) : null;
                    if (ending is not null)
                        Retell(after, ending);
                    break;
            }
        }
    }

    private void FollowPod(ClusterMap before, ClusterMap after, PodInfo pod, bool deleted, long nowMs, TimeRange? listed)
    {
        NoteOwner(before, pod, nowMs, listed);
        var ending = _byUid.GetValueOrDefault(pod.Uid);
        if (ending is null)
        {
            if (!deleted && !pod.IsTerminating && !pod.ContainersEnded)
                return;
            if (listed is not null && !deleted && !pod.IsTerminating && pod.FinishedMs < nowMs - OldMs)
                return;
            ending = new PodTerminationTracker(pod, nowMs);
        }

        bool first = ending.Pod is null;
        ending.See(pod, deleted, nowMs, listed);
        if (!_byUid.ContainsKey(pod.Uid) || first)
            Add(ending);
        if (ending.Told.Service is null)
            ending.Serves(EndpointTransitionLog.ServiceOf(after, pod));
        Retell(after, ending);
    }

    // An address that another pod had, and that is this one's now.
    private void NoteOwner(ClusterMap before, PodInfo pod, long nowMs, TimeRange? listed)
    {
        if (pod.HostNetwork || pod.Ips.Count == 0)
            return;
        var known = before.Pods.GetValueOrDefault(pod.Uid)?.Ips ?? [];
        foreach (var ip in pod.Ips)
        {
            if (known.Contains(ip) || !_byIp.TryGetValue(ip, out var former) || former.Uid == pod.Uid || former.Told.IpReusedMs is not null)
                continue;
            former.Reused(pod.FullName, nowMs, listed);
            former.Retell(_endpoints.Of(former.Uid), _events.Of(former.Uid), null, By(former)?.AtMs);
            Changed(former);
        }
    }

    private void FollowEndpoint(string uid)
    {
        if (!_byUid.TryGetValue(uid, out var ending))
            return;
        ending.Retell(_endpoints.Of(uid), _events.Of(uid), null, By(ending)?.AtMs);
        Changed(ending);
    }

    private void JudgeAll(ClusterMap map, WorkloadInfo workload, string? rolled)
    {
        foreach (string owner in new[] { workload.Uid, workload.Controller?.Uid, rolled }.OfType<string>().Distinct())
        {
            foreach (var ending in _byOwner.GetValueOrDefault(owner) ?? [])
                Retell(map, ending);
        }
    }

    private void Retell(ClusterMap map, PodTerminationTracker ending)
    {
        var was = ending.Told;
        var (owner, top) = OwnersOf(map, ending.Pod);
        ending.Retell(_endpoints.Of(ending.Uid), _events.Of(ending.Uid), TopOf(ending.Pod, owner, top), By(ending)?.AtMs);
        Index(ending, ending.Pod?.Controller?.Uid);
        Index(ending, owner?.Controller?.Uid);
        if (ending.Pod is { } pod)
        {
            var (cause, evidence, rollout) = TerminationCauseClassifier.Of(Facts(ending, pod, owner, top));
            if (ending.Accepts(cause))
                ending.Because(cause, evidence, rollout);
        }

        if (ending.Told != was || !_byUid.ContainsKey(ending.Uid))
            Changed(ending);
    }

    private TerminationFacts Facts(PodTerminationTracker ending, PodInfo pod, WorkloadInfo? owner, WorkloadInfo? top)
    {
        string? ownerUid = pod.Controller?.Uid;
        string? topUid = top?.Uid ?? ownerUid;
        var taken = _events.Of(pod.Uid)?.Taken;
        var ownerFall = ownerUid is null ? null : _workloads.FallAt(ownerUid, ending.Asked);
        return new TerminationFacts(pod, ending.SeenMs, owner, top)
        {
            Watched = ending.Watched, Forced = ending.Forced, EndedFirst = ending.EndedFirst, Deleted = ending.IsDeleted,
            Taken = taken is { } t ? (t.Reason, t.Message) : null,
            DeletedBy = By(ending)?.Controller,
            Rollout = topUid is null ? null : rollouts.Replacing(topUid, pod, ending.Asked),
            NextRollout = topUid is null ? null : rollouts.FirstAfter(topUid, ending.SeenMs),
            OwnerFall = ownerFall,
            TopFall = ownerFall is null || top is null ? null : _workloads.FallAt(top.Uid, new TimeRange(ownerFall.FromMs, ownerFall.FromMs)),
            DeletedWorkload = Deleted(owner, ending) ?? Deleted(top, ending),
        };
    }

    // A StatefulSet's pods have their names again: there the time must fit, too.
    private (string Controller, long AtMs)? By(PodTerminationTracker ending) =>
        _events.DeletedBy(ending.Told.Namespace, ending.Told.Pod) is { } by
        && (ending.Pod is not { Controller.Kind: nameof(WorkloadKind.StatefulSet) } || Math.Abs(by.AtMs - ending.AskedMs) < 5_000)
            ? by : null;

    // Before the pod, or, where deletion went from the foreground, with it.
    private WorkloadInfo? Deleted(WorkloadInfo? workload, PodTerminationTracker ending) =>
        workload is not null && _workloads.DeletedMs(workload.Uid) is { } at
        && at <= Math.Max(ending.SeenMs, ending.Told.DeletedMs ?? 0) + ScaleDownLog.SlackMs
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

    private void Add(PodTerminationTracker ending)
    {
        if (_byUid.TryAdd(ending.Uid, ending))
            _order.Enqueue(ending.Uid);
        var told = ending.Told;
        if (!told.PodIp.IsNone && ending.Pod is not { HostNetwork: true })
            _byIp[told.PodIp] = ending;
        _byName[(told.Namespace, told.Pod)] = ending;
        while (_order.Count > Max)
            Drop(_order.Dequeue());
        _snapshot = null;
    }

    // Under its ReplicaSet and its Deployment, so that what is learned of these reaches it.
    private void Index(PodTerminationTracker ending, string? owner)
    {
        if (owner is null || ending.Owners.Contains(owner))
            return;
        ending.Owners.Add(owner);
        if (!_byOwner.TryGetValue(owner, out var endings))
            _byOwner[owner] = endings = [];
        // What is settled is not judged again: the list is swept each time it has doubled.
        if (endings.Count >= 64 && (endings.Count & (endings.Count - 1)) == 0)
            endings.RemoveAll(e => e.Told.DeletedMs < ending.SeenMs - SettledMs);
        endings.Add(ending);
    }

    private void Drop(string uid)
    {
        if (!_byUid.Remove(uid, out var ending))
            return;
        if (_byIp.GetValueOrDefault(ending.Told.PodIp) == ending)
            _byIp.Remove(ending.Told.PodIp);
        if (_byName.GetValueOrDefault((ending.Told.Namespace, ending.Told.Pod)) == ending)
            _byName.Remove((ending.Told.Namespace, ending.Told.Pod));
        foreach (string owner in ending.Owners)
        {
            if (_byOwner.TryGetValue(owner, out var endings) && endings.Remove(ending) && endings.Count == 0)
                _byOwner.Remove(owner);
        }
    }

    private void Changed(PodTerminationTracker ending)
    {
        _unsaved[ending.Uid] = ending.Told;
        _snapshot = null;
    }
}
