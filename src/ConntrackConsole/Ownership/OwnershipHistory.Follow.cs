using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Ownership;

/// <summary>How the history follows the map: by the addresses that a change touches, and no others.</summary>
public sealed partial class OwnershipHistory
{
    private bool _begun;
    private long _watchedUntilMs;

    /// <summary>Since when this run follows the cluster; 0 before the first list.</summary>
    public long WatchedSinceMs { get; private set; }

    /// <summary>Until when the cluster was followed, by this run or the one before; 0 = never.</summary>
    public long WatchedUntilMs => Volatile.Read(ref _watchedUntilMs);

    /// <summary>The cluster was true as it is at this moment.</summary>
    public void Watched(long atMs)
    {
        if (_begun)
            Volatile.Write(ref _watchedUntilMs, Math.Max(atMs, _watchedUntilMs));
    }

    /// <summary>
    /// Every kind was listed. What an earlier run left open goes on where it still is so, and ends otherwise at the moment to
    /// which that run saw it. What is new began at an unseen moment: for a pod's address not before the pod was made. That is
    /// not when it got the address, but it is the only bound that the object gives, and nobody else it names had it since.
    /// </summary>
    internal void Begin(ClusterMap map, long nowMs)
    {
        if (_begun)
            return;
        _begun = true;
        long awayMs = Math.Min(_watchedUntilMs, nowMs);
        WatchedSinceMs = nowMs;
        BeginOwners(map, awayMs, nowMs);
        BeginServices(map, awayMs, nowMs);
        BeginEndpoints(map, awayMs, nowMs);
        BeginUnaddressed(map);
        KnowsSlices |= !map.Slices.IsEmpty;
        Volatile.Write(ref _watchedUntilMs, nowMs);
    }

    internal void Follow(ClusterMap before, ClusterMap after, ClusterChange change, long nowMs)
    {
        if (!_begun)
            return;
        switch (change)
        {
            case PodChange { Pod: var pod }:
                foreach (var ip in PodIndex.OwnAddresses(pod))
                    FollowOwner(after, ip, nowMs);
                foreach (var ip in PodIndex.OwnAddresses(before.Pods.GetValueOrDefault(pod.Uid)))
                    FollowOwner(after, ip, nowMs);
                FollowUnaddressed(after, pod.Uid);
                break;
            case NodeChange { Node: var node }:
                FollowNode(before, after, node.Name, nowMs);
                break;
            case ServiceChange { Service: var service }:
                FollowService(after, service.Key, nowMs);
                break;
            case SliceChange { Slice: var slice }:
                KnowsSlices = true;
                FollowSlice(before.SliceIndex.AddressesOf(slice.Uid), after.SliceIndex.AddressesOf(slice.Uid), after, nowMs);
                break;
        }
    }

    /// <summary>A pod that an earlier version saw end, of which there are no spans.</summary>
    internal void Remember(OwnerSpan past)
    {
        if (!past.Ip.IsNone && _owners.LastUntil(past.Ip, long.MaxValue) is null)
            AddOwner(past);
    }

    private void FollowNode(ClusterMap before, ClusterMap after, string name, long nowMs)
    {
        foreach (var ip in before.Nodes.GetValueOrDefault(name)?.Addresses ?? [])
            FollowOwner(after, ip, nowMs);
        foreach (var ip in after.Nodes.GetValueOrDefault(name)?.Addresses ?? [])
            FollowOwner(after, ip, nowMs);
        if (before.NodeIndex.IsLost(name) == after.NodeIndex.IsLost(name))
            return;
        foreach (string uid in after.PodIndex.ByNode.GetValueOrDefault(name, []))
        {
            foreach (var ip in after.Pods[uid].Ips)
                FollowOwner(after, ip, nowMs);
        }
    }

    private void FollowSlice(SliceAddresses? was, SliceAddresses? now, ClusterMap map, long nowMs)
    {
        bool moved = was?.Slice.Service != now?.Slice.Service;
        foreach (var ip in now is null ? [] : now.Ips)
        {
            if (moved || was?.At(ip) is not { } before || !Same(before, now!.At(ip)!))
                Touched(ip);
        }

        foreach (var ip in was is null ? [] : was.Ips)
        {
            if (moved || now is null || !now.Contains(ip))
                Touched(ip);
        }

        void Touched(Ip ip)
        {
            if (was?.Slice.Service is { } former && moved)
                FollowEndpoint(map, former, ip, nowMs);
            if ((now ?? was)!.Slice.Service is { } service)
                FollowEndpoint(map, service, ip, nowMs);
            // Whether it serves decides whether a pod on a silent node is lost.
            FollowOwner(map, ip, nowMs);
        }

        static bool Same(SliceEndpoint one, SliceEndpoint other) =>
            (one.Ready, one.Serving, one.Terminating, one.PodUid) == (other.Ready, other.Serving, other.Terminating, other.PodUid);
    }

    private void FollowOwner(ClusterMap map, Ip ip, long nowMs)
    {
        var owner = map.OwnerOf(ip);
        if (!Holds(owner.State))
        {
            if (_owners.Open(ip) is not null)
                CloseOwner(ip, nowMs);
            else if (owner.State == OwnerState.Gone && _owners.LastUntil(ip, long.MaxValue) is null)
                AddGone(map, ip, nowMs);
            return;
        }

        if (_owners.Open(ip) is { } open)
        {
            if (IsSame(open, owner))
                return;
            CloseOwner(ip, nowMs);
        }

        AddOwner(SpanOf(ip, owner, nowMs));
    }

    private void FollowService(ClusterMap map, ServiceKey key, long nowMs)
    {
        var service = map.Services.GetValueOrDefault(key);
        if (_services.Open(key) is { } open)
        {
            if (service is not null && IsSame(open, service))
                return;
            CloseService(key, nowMs);
        }

        if (service is not null)
            AddService(SpanOf(service, nowMs));
    }

    private void FollowEndpoint(ClusterMap map, ServiceKey service, Ip ip, long nowMs)
    {
        var said = map.EndpointOf(service, ip);
        if (_endpoints.Open((service, ip)) is { } open)
        {
            if (said is not null && IsSame(open, said))
                return;
            CloseEndpoint(service, ip, nowMs);
        }

        if (said is not null)
            AddEndpoint(SpanOf(service, ip, said, nowMs));
    }

    // A pod that had ended before it was first seen at this address.
    private void AddGone(ClusterMap map, Ip ip, long nowMs)
    {
        if (map.PodAt(ip) is { } pod)
        {
            AddOwner(EndedSpan(ip, pod, nowMs));
        }
        else if (map.GoneAt(ip) is { } gone)
        {
            AddOwner(new OwnerSpan(ip, gone.Uid, gone.FullName, "", gone.GoneMs, gone.GoneMs) { Unseen = Unseen.Begin });
        }
    }

    private static long EndedMs(PodInfo pod, long nowMs) => Math.Min(pod.FinishedMs ?? nowMs, nowMs);

    private static OwnerSpan EndedSpan(Ip ip, PodInfo pod, long nowMs) => new(
        ip, pod.Uid, pod.FullName, pod.Node, Math.Min(pod.CreatedMs, EndedMs(pod, nowMs)), EndedMs(pod, nowMs)) { Unseen = Unseen.Begin };

    private static bool Holds(OwnerState state) => state is OwnerState.Live or OwnerState.Terminating or OwnerState.Lost or OwnerState.Node;

    private static bool IsSame(OwnerSpan span, AddressOwnership owner) =>
        span.State == owner.State && (owner.Pod is { } pod ? pod.Uid == span.PodUid : span.PodUid.Length == 0 && span.FullName == owner.Name);

    private static bool IsSame(ServiceSpan span, ServiceInfo service) =>
        span.Uid == service.Uid && span.Vips.SequenceEqual(ServiceIndex.Vips(service)) && span.Ports.SequenceEqual(service.Ports);

    private static bool IsSame(EndpointSpan span, SliceEndpoint said) =>
        (span.Ready, span.Serving, span.Terminating, span.PodUid) == (said.Ready, said.Serving, said.Terminating, said.PodUid);

    private static OwnerSpan SpanOf(Ip ip, AddressOwnership owner, long fromMs) =>
        new(ip, owner.Pod?.Uid ?? "", owner.Name ?? "", owner.Pod?.Node ?? owner.Name ?? "", fromMs, null) { State = owner.State };

    private static ServiceSpan SpanOf(ServiceInfo service, long fromMs) =>
        new(service.Key, service.Uid, [.. ServiceIndex.Vips(service)], service.Ports, fromMs, null);

    private static EndpointSpan SpanOf(ServiceKey service, Ip ip, SliceEndpoint said, long fromMs) =>
        new(service, ip, said.PodUid, said.Ready, said.Serving, said.Terminating, fromMs, null);
}
