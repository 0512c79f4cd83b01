using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Ownership;

/// <summary>Updates the history from map changes: only for the addresses that a change touches.</summary>
internal sealed partial class OwnershipHistory
{
    private bool _begun;
    private long _watchedUntilMs;

    /// <summary>Since when this run watches the cluster; 0 before the first list.</summary>
    public long WatchedSinceMs { get; private set; }

    /// <summary>Until when the cluster was watched, by this run or the previous one; 0 = never.</summary>
    public long WatchedUntilMs => Volatile.Read(ref _watchedUntilMs);

    /// <summary>Records that the map was confirmed as current at this time.</summary>
    public void Watched(long atMs)
    {
        if (_begun)
            Volatile.Write(ref _watchedUntilMs, Math.Max(atMs, _watchedUntilMs));
    }

    /// <summary>
    /// Called when every kind is listed. Open spans of an earlier run continue if they still apply, and otherwise end when that run
    /// last watched. New spans started at an unobserved time: for a pod's address not before the pod was created. That is not when
    /// it was assigned the address, but it is the only bound in the object, and no other known pod had the address since.
    /// </summary>
    internal void Begin(ClusterMap map, long nowMs)
    {
        if (_begun)
            return;
        _begun = true;
        long lastWatchedMs = Math.Min(_watchedUntilMs, nowMs);
        WatchedSinceMs = nowMs;
        BeginOwners(map, lastWatchedMs, nowMs);
        BeginServices(map, lastWatchedMs, nowMs);
        BeginEndpoints(map, lastWatchedMs, nowMs);
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
            case AnsweringChange:
                foreach (var ip in before.Answering.SymmetricExcept(after.Answering).Union(before.Refuted.SymmetricExcept(after.Refuted)))
                    FollowOwner(after, ip, nowMs);
                foreach (string node in before.Reporting.SymmetricExcept(after.Reporting).Where(after.NodeIndex.IsLost))
                    FollowPodsOf(after, node, nowMs);
                break;
            case SliceChange { Slice: var slice }:
                KnowsSlices = true;
                FollowSlice(before.SliceIndex.AddressesOf(slice.Uid), after.SliceIndex.AddressesOf(slice.Uid), after, nowMs);
                break;
        }
    }

    /// <summary>Adds the span of an owner that an earlier version saw terminate, unless the address has spans already.</summary>
    internal void Restore(OwnerSpan saved)
    {
        if (!saved.Ip.IsNone && _owners.LastUntil(saved.Ip, long.MaxValue) is null)
            AddOwner(saved);
    }

    private void FollowNode(ClusterMap before, ClusterMap after, string name, long nowMs)
    {
        foreach (var ip in before.Nodes.GetValueOrDefault(name)?.Addresses ?? [])
            FollowOwner(after, ip, nowMs);
        foreach (var ip in after.Nodes.GetValueOrDefault(name)?.Addresses ?? [])
            FollowOwner(after, ip, nowMs);
        if (before.NodeIndex.IsLost(name) == after.NodeIndex.IsLost(name))
            return;
        FollowPodsOf(after, name, nowMs);
    }

    private void FollowPodsOf(ClusterMap map, string node, long nowMs)
    {
        foreach (string uid in map.PodIndex.ByNode.GetValueOrDefault(node, []))
        {
            foreach (var ip in map.Pods[uid].Ips)
                FollowOwner(map, ip, nowMs);
        }
    }

    private void FollowSlice(SliceAddresses? was, SliceAddresses? now, ClusterMap map, long nowMs)
    {
        bool moved = was?.Slice.Service != now?.Slice.Service;
        foreach (var ip in SliceAddresses.Changed(was, now))
        {
            if (was?.Slice.Service is { } former && moved)
                FollowEndpoint(map, former, ip, nowMs);
            if ((now ?? was)!.Slice.Service is { } service)
                FollowEndpoint(map, service, ip, nowMs);
            // The serving condition determines whether a pod on an unreachable node is lost.
            FollowOwner(map, ip, nowMs);
        }
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
        var endpoint = map.EndpointOf(service, ip);
        if (_endpoints.Open((service, ip)) is { } open)
        {
            if (endpoint is not null && IsSame(open, endpoint))
                return;
            CloseEndpoint(service, ip, nowMs);
        }

        if (endpoint is not null)
            AddEndpoint(SpanOf(service, ip, endpoint, nowMs));
    }

    // The pod ended before it was first seen at this address.
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
        span.State == owner.State && span.Unseen.HasFlag(Unseen.Life) == owner.IsUnproven && (owner.Pod is { } pod ? pod.Uid == span.PodUid : span.PodUid.Length == 0 && span.FullName == owner.Name);

    private static bool IsSame(ServiceSpan span, ServiceInfo service) =>
        span.Uid == service.Uid && span.Vips.SequenceEqual(ServiceIndex.Vips(service)) && span.Ports.SequenceEqual(service.Ports);

    private static bool IsSame(EndpointSpan span, SliceEndpoint endpoint) =>
        (span.Ready, span.Serving, span.Terminating, span.PodUid) == (endpoint.Ready, endpoint.Serving, endpoint.Terminating, endpoint.PodUid);

    private static OwnerSpan SpanOf(Ip ip, AddressOwnership owner, long fromMs) =>
        new(ip, owner.Pod?.Uid ?? "", owner.Name ?? "", owner.Pod?.Node ?? owner.Name ?? "", fromMs, null)
        {
            State = owner.State, Unseen = owner.IsUnproven ? Unseen.Life : Unseen.None,
        };

    private static ServiceSpan SpanOf(ServiceInfo service, long fromMs) =>
        new(service.Key, service.Uid, [.. ServiceIndex.Vips(service)], service.Ports, fromMs, null);

    private static EndpointSpan SpanOf(ServiceKey service, Ip ip, SliceEndpoint endpoint, long fromMs) =>
        new(service, ip, endpoint.PodUid, endpoint.Ready, endpoint.Serving, endpoint.Terminating, fromMs, null);
}
