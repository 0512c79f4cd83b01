using System.Collections.Immutable;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Cluster;

/// <summary>
/// What the cluster looks like at a moment: immutable, swapped as a whole by <see cref="ClusterState"/>. Every index is
/// kept by the change that touches it, so an event costs a few tree nodes and not a walk over the cluster.
/// </summary>
public sealed record ClusterMap
{
    /// <summary>How many former owners are remembered.</summary>
    public const int MaxGone = 10_000;

    public static readonly ClusterMap Empty = new();

    public ImmutableDictionary<string, PodInfo> Pods { get; private init; } = ImmutableDictionary<string, PodInfo>.Empty;
    public ImmutableDictionary<string, NodeInfo> Nodes { get; private init; } = ImmutableDictionary<string, NodeInfo>.Empty;
    public ImmutableDictionary<ServiceKey, ServiceInfo> Services { get; private init; } = ImmutableDictionary<ServiceKey, ServiceInfo>.Empty;
    public ImmutableDictionary<string, SliceInfo> Slices { get; private init; } = ImmutableDictionary<string, SliceInfo>.Empty;

    /// <summary>By uid.</summary>
    public ImmutableDictionary<string, WorkloadInfo> Workloads { get; private init; } = ImmutableDictionary<string, WorkloadInfo>.Empty;

    private ImmutableDictionary<Ip, ImmutableList<string>> PodsByIp { get; init; } = ImmutableDictionary<Ip, ImmutableList<string>>.Empty;
    private ImmutableDictionary<Ip, string> NodesByIp { get; init; } = ImmutableDictionary<Ip, string>.Empty;
    private ImmutableDictionary<(Ip, byte, ushort), ServiceKey> ServicesByPort { get; init; } = ImmutableDictionary<(Ip, byte, ushort), ServiceKey>.Empty;
    private ImmutableDictionary<(byte, ushort), ServiceKey> ServicesByNodePort { get; init; } = ImmutableDictionary<(byte, ushort), ServiceKey>.Empty;
    private ImmutableDictionary<Ip, ServiceKey> ServicesByIp { get; init; } = ImmutableDictionary<Ip, ServiceKey>.Empty;
    private ImmutableDictionary<ServiceKey, ImmutableHashSet<string>> SlicesByService { get; init; } = ImmutableDictionary<ServiceKey, ImmutableHashSet<string>>.Empty;
    private ImmutableDictionary<Ip, ImmutableHashSet<string>> SlicesByIp { get; init; } = ImmutableDictionary<Ip, ImmutableHashSet<string>>.Empty;
    private ImmutableDictionary<Ip, GoneOwner> Gone { get; init; } = ImmutableDictionary<Ip, GoneOwner>.Empty;
    private ImmutableQueue<GoneOwner> GoneOrder { get; init; } = [];
    private int GoneOrderCount { get; init; }

    public PodInfo? PodAt(Ip ip)
    {
        PodInfo? best = null;
        foreach (string uid in PodsByIp.GetValueOrDefault(ip, []))
        {
            var pod = Pods[uid];
            if (best is null || Rank(pod).CompareTo(Rank(best)) > 0)
                best = pod;
        }

        return best;

        // Two pods can name one address for a moment: the one that runs owns it, the newer one where both do.
        static (int, long) Rank(PodInfo pod) => (pod.ContainersEnded ? 0 : pod.IsTerminating ? 1 : 2, pod.CreatedMs);
    }

    /// <summary>The Service that a virtual address belongs to: by ClusterIP, or by NodePort on a node's own address.</summary>
    public ServiceKey? ServiceAt(byte proto, Ip vip, ushort port)
    {
        if (ServicesByPort.TryGetValue((vip, proto, port), out var key))
            return key;
        return NodesByIp.ContainsKey(vip) && ServicesByNodePort.TryGetValue((proto, port), out key) ? key : null;
    }

    /// <summary>The endpoints that a Service's slices name for an address, over all its slices.</summary>
    public IEnumerable<Endpoint> EndpointsOf(ServiceKey service, Ip ip) => EndpointsOf(service).Where(e => e.Addresses.Contains(ip));

    public IEnumerable<Endpoint> EndpointsOf(ServiceKey service) =>
        SlicesByService.GetValueOrDefault(service, []).SelectMany(id => Slices[id].Endpoints);

    /// <summary>Endpoints of any slice for an address.</summary>
    public IEnumerable<(SliceInfo Slice, Endpoint Endpoint)> EndpointsAt(Ip ip) =>
        from id in SlicesByIp.GetValueOrDefault(ip, [])
        let slice = Slices[id]
        from endpoint in slice.Endpoints
        where endpoint.Addresses.Contains(ip)
        select (slice, endpoint);

    public GoneOwner? GoneAt(Ip ip) => Gone.GetValueOrDefault(ip);

    public Ownership OwnerOf(Ip ip)
    {
        if (ip.IsNone)
            return Ownership.Unknown;
        if (ServicesByIp.TryGetValue(ip, out var service))
            return new Ownership(OwnerState.Service, Name: service.ToString());
        if (NodesByIp.TryGetValue(ip, out string? node))
            return new Ownership(OwnerState.Node, Name: node);
        if (PodAt(ip) is { } pod)
        {
            return StateOf(pod, ip) is var state && state == OwnerState.Gone
                ? new Ownership(state, null, pod.FullName, pod.FinishedMs)
                : new Ownership(state, pod, pod.FullName, pod.AskedMs);
        }

        return GoneAt(ip) is { } gone
            ? new Ownership(OwnerState.Gone, null, gone.FullName, gone.GoneMs)
            : Ownership.Unknown;
    }

    /// <summary>Addresses whose entries may lead nowhere: of lost pods, of terminating ones, then of those that went last.</summary>
    public IReadOnlyList<Ip> AddressesWithoutLiveOwner(int most)
    {
        var present =
            from pod in Pods.Values
            where !pod.HostNetwork && (pod.IsTerminating || pod.ContainersEnded || !Nodes.TryGetValue(pod.Node, out var node) || !node.Reachable)
            from ip in pod.Ips
            let state = OwnerOf(ip).State
            where state is OwnerState.Lost or OwnerState.Terminating or OwnerState.Gone
            orderby state == OwnerState.Lost ? 0 : state == OwnerState.Terminating ? 1 : 2, pod.DeletionMs, ip
            select ip;
        var gone =
            from owner in Gone.Values
            where OwnerOf(owner.Ip).State == OwnerState.Gone
            orderby owner.GoneMs descending, owner.Ip
            select owner.Ip;
        return [.. present.Concat(gone).Distinct().Take(most)];
    }

    private OwnerState StateOf(PodInfo pod, Ip ip)
    {
        if (pod.ContainersEnded)
            return OwnerState.Gone;
        // A kubelet that cannot be heard leaves its pods as they were; only the endpoint tells (serving turns false).
        bool nodeLost = !Nodes.TryGetValue(pod.Node, out var node) || !node.Reachable;
        if (nodeLost && pod.Node.Length > 0 && !EndpointsAt(ip).Any(e => e.Endpoint.Serving))
            return OwnerState.Lost;
        return pod.IsTerminating ? OwnerState.Terminating : OwnerState.Live;
    }

    public ClusterMap With(PodInfo pod)
    {
        var byIp = Unlisted(PodsByIp, Pods.GetValueOrDefault(pod.Uid));
        if (!pod.HostNetwork)
        {
            foreach (var ip in pod.Ips)
                byIp = byIp.SetItem(ip, byIp.GetValueOrDefault(ip, []).Add(pod.Uid));
        }

        return this with { Pods = Pods.SetItem(pod.Uid, pod), PodsByIp = byIp };
    }

    /// <summary>Takes a pod out and remembers it as the last owner of its addresses.</summary>
    public ClusterMap Without(PodInfo pod, long goneMs)
    {
        var map = this with { Pods = Pods.Remove(pod.Uid), PodsByIp = Unlisted(PodsByIp, Pods.GetValueOrDefault(pod.Uid)) };
        if (pod.HostNetwork)
            return map;
        foreach (var ip in pod.Ips)
            map = map.Remembering(new GoneOwner(ip, pod.Uid, pod.FullName, goneMs));
        return map;
    }

    public ClusterMap Remembering(GoneOwner owner)
    {
        if (Gone.TryGetValue(owner.Ip, out var known) && known.GoneMs > owner.GoneMs)
            return this;
        var gone = Gone.SetItem(owner.Ip, owner);
        var order = GoneOrder.Enqueue(owner);
        int count = GoneOrderCount + 1;
        while (count > MaxGone)
        {
            order = order.Dequeue(out var oldest);
            count--;
            if (gone.TryGetValue(oldest.Ip, out var kept) && ReferenceEquals(kept, oldest))
                gone = gone.Remove(oldest.Ip);
        }

        return this with { Gone = gone, GoneOrder = order, GoneOrderCount = count };
    }

    public ClusterMap With(NodeInfo node)
    {
        var byIp = NodesByIp;
        foreach (var ip in Nodes.GetValueOrDefault(node.Name)?.Addresses ?? [])
            byIp = byIp.Remove(ip);
        foreach (var ip in node.Addresses)
            byIp = byIp.SetItem(ip, node.Name);
        return this with { Nodes = Nodes.SetItem(node.Name, node), NodesByIp = byIp };
    }

    public ClusterMap Without(NodeInfo node)
    {
        var byIp = NodesByIp;
        foreach (var ip in Nodes.GetValueOrDefault(node.Name)?.Addresses ?? [])
            byIp = byIp.Remove(ip);
        return this with { Nodes = Nodes.Remove(node.Name), NodesByIp = byIp };
    }

    public ClusterMap With(ServiceInfo service)
    {
        var map = Services.TryGetValue(service.Key, out var old) ? Without(old) : this;
        var byPort = map.ServicesByPort;
        var byNodePort = map.ServicesByNodePort;
        var byIp = map.ServicesByIp;
        foreach (var ip in service.ClusterIps)
        {
            byIp = byIp.SetItem(ip, service.Key);
            foreach (var port in service.Ports)
                byPort = byPort.SetItem((ip, port.Proto, port.Port), service.Key);
        }

        foreach (var port in service.Ports.Where(p => p.NodePort != 0))
            byNodePort = byNodePort.SetItem((port.Proto, port.NodePort), service.Key);
        return map with
        {
            Services = map.Services.SetItem(service.Key, service), ServicesByPort = byPort, ServicesByNodePort = byNodePort, ServicesByIp = byIp,
        };
    }

    public ClusterMap Without(ServiceInfo service)
    {
        if (!Services.TryGetValue(service.Key, out var old))
            return this;
        return this with
        {
            Services = Services.Remove(service.Key),
            ServicesByIp = ServicesByIp.RemoveRange(old.ClusterIps),
            ServicesByPort = ServicesByPort.RemoveRange(from ip in old.ClusterIps from port in old.Ports select (ip, port.Proto, port.Port)),
            ServicesByNodePort = ServicesByNodePort.RemoveRange(old.Ports.Select(p => (p.Proto, p.NodePort))),
        };
    }

    public ClusterMap With(SliceInfo slice)
    {
        var map = Slices.TryGetValue(slice.Uid, out var old) ? Without(old) : this;
        var byService = map.SlicesByService;
        if (slice.Service is { } service)
            byService = byService.SetItem(service, byService.GetValueOrDefault(service, []).Add(slice.Uid));
        var byIp = map.SlicesByIp;
        foreach (var ip in slice.Endpoints.SelectMany(e => e.Addresses))
            byIp = byIp.SetItem(ip, byIp.GetValueOrDefault(ip, []).Add(slice.Uid));
        return map with { Slices = map.Slices.SetItem(slice.Uid, slice), SlicesByService = byService, SlicesByIp = byIp };
    }

    public ClusterMap Without(SliceInfo slice)
    {
        if (!Slices.TryGetValue(slice.Uid, out var old))
            return this;
        var byService = SlicesByService;
        if (old.Service is { } service && byService.TryGetValue(service, out var ofService))
            byService = ofService.Count > 1 ? byService.SetItem(service, ofService.Remove(old.Uid)) : byService.Remove(service);
        var byIp = SlicesByIp;
        foreach (var ip in old.Endpoints.SelectMany(e => e.Addresses))
        {
            if (byIp.TryGetValue(ip, out var ofIp))
                byIp = ofIp.Count > 1 || !ofIp.Contains(old.Uid) ? byIp.SetItem(ip, ofIp.Remove(old.Uid)) : byIp.Remove(ip);
        }

        return this with { Slices = Slices.Remove(old.Uid), SlicesByService = byService, SlicesByIp = byIp };
    }

    public ClusterMap With(WorkloadInfo workload) => this with { Workloads = Workloads.SetItem(workload.Uid, workload) };

    public ClusterMap Without(WorkloadInfo workload) => this with { Workloads = Workloads.Remove(workload.Uid) };

    private static ImmutableDictionary<Ip, ImmutableList<string>> Unlisted(ImmutableDictionary<Ip, ImmutableList<string>> byIp, PodInfo? old)
    {
        foreach (var ip in old?.Ips ?? [])
        {
            if (byIp.TryGetValue(ip, out var uids))
                byIp = uids.Count == 1 && uids[0] == old!.Uid ? byIp.Remove(ip) : byIp.SetItem(ip, uids.Remove(old!.Uid));
        }

        return byIp;
    }
}
