using System.Collections.Immutable;

namespace ConntrackConsole.Cluster;

/// <summary>Follows the ends of pods over all watches. The newest <see cref="Max"/> are kept.</summary>
public sealed class TerminationLog
{
    public const int Max = 10_000;

    private readonly Dictionary<string, Termination> _byUid = [];
    private readonly Queue<string> _order = new();
    private volatile ImmutableList<Termination>? _snapshot = [];

    public IReadOnlyList<Termination> Current
    {
        get
        {
            if (_snapshot is { } snapshot)
                return snapshot;
            lock (_byUid)
                return _snapshot = [.. _byUid.Values.OrderBy(t => t.AskedMs)];
        }
    }

    public void Add(Termination termination)
    {
        lock (_byUid)
        {
            if (!_byUid.ContainsKey(termination.Uid))
                _order.Enqueue(termination.Uid);
            _byUid[termination.Uid] = termination;
            while (_order.Count > Max)
                _byUid.Remove(_order.Dequeue());
            _snapshot = null;
        }
    }

    /// <summary>Pods of an earlier run that the first list no longer names went while nobody looked.</summary>
    public void CloseMissing(ClusterMap map, long nowMs)
    {
        foreach (var open in Current.Where(t => t.DeletedMs is null && !map.Pods.ContainsKey(t.Uid)))
            Add(open with { DeletedMs = nowMs });
    }

    public void Follow(ClusterMap before, ClusterMap after, ClusterChange change, long nowMs)
    {
        switch (change)
        {
            case PodChange { Pod: var pod, Deleted: var deleted } when deleted || pod.IsTerminating:
                FollowPod(after, pod, deleted, nowMs);
                break;
            case SliceChange { Slice: var slice }:
                FollowSlice(before, after, slice, nowMs);
                break;
        }
    }

    private void FollowPod(ClusterMap map, PodInfo pod, bool deleted, long nowMs)
    {
        var known = Find(pod.Uid);
        var place = map.EndpointsAt(pod.Ip).FirstOrDefault(e => e.Endpoint.PodUid == pod.Uid);
        var next = known ?? new Termination(
            pod.Uid, pod.Namespace, pod.Name, pod.Ip, pod.Node, place.Slice?.Service,
            // The first value holds: a shorter grace and the final delete both rewrite the timestamp.
            pod.AskedMs ?? nowMs, place.Endpoint is { Terminating: true } ? nowMs : null, null, null, null, null);
        next = next with
        {
            PodIp = next.PodIp.IsNone ? pod.Ip : next.PodIp,
            ContainerFinishedMs = pod.ContainersEnded || deleted ? pod.FinishedMs ?? next.ContainerFinishedMs : next.ContainerFinishedMs,
            ExitCode = pod.ExitCode ?? next.ExitCode,
            DeletedMs = deleted ? next.DeletedMs ?? nowMs : next.DeletedMs,
        };
        if (next != known)
            Add(next);
    }

    private void FollowSlice(ClusterMap before, ClusterMap after, SliceInfo slice, long nowMs)
    {
        var was = before.Slices.GetValueOrDefault(slice.Uid)?.Endpoints ?? [];
        foreach (var endpoint in was.Concat(slice.Endpoints).Where(e => e.PodUid is not null).DistinctBy(e => e.PodUid))
        {
            // A slice that speaks before its pod does: the pod's own change finds the endpoint terminating already.
            if (Find(endpoint.PodUid!) is not { } known)
                continue;
            var now = after.EndpointsAt(known.PodIp).Where(e => e.Endpoint.PodUid == known.Uid).ToList();
            var next = known with
            {
                Service = known.Service ?? slice.Service,
                EndpointTerminatingMs = known.EndpointTerminatingMs ?? (now.Any(e => e.Endpoint.Terminating) ? nowMs : null),
                EndpointRemovedMs = now.Count == 0 ? known.EndpointRemovedMs ?? nowMs : null,
            };
            if (next != known)
                Add(next);
        }
    }

    private Termination? Find(string uid)
    {
        lock (_byUid)
            return _byUid.GetValueOrDefault(uid);
    }
}
