using System.Collections.Immutable;
using ConntrackConsole.Cluster.State;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Cluster.Model;

/// <summary>
/// What the cluster looks like at a moment: immutable, swapped as a whole by <see cref="ClusterState"/>. Every index is
/// kept by the change that touches it, so an event costs a few tree nodes and not a walk over the cluster.
/// </summary>
public sealed record ClusterMap
{
    /// <summary>How many former owners are remembered.</summary>
    public const int MaxGone = 10_000;

    public static readonly ClusterMap Empty = new();

    public ImmutableDictionary<string, PodInfo> Pods => PodIndex.All;
    public ImmutableDictionary<string, NodeInfo> Nodes => NodeIndex.All;
    public ImmutableDictionary<ServiceKey, ServiceInfo> Services => ServiceIndex.All;
    public ImmutableDictionary<string, SliceInfo> Slices => SliceIndex.All;

    /// <summary>By uid.</summary>
    public ImmutableDictionary<string, WorkloadInfo> Workloads { get; private init; } = ImmutableDictionary<string, WorkloadInfo>.Empty;

    internal PodIndex PodIndex { get; private init; } = PodIndex.Empty;
    internal NodeIndex NodeIndex { get; private init; } = NodeIndex.Empty;
    internal ServiceIndex ServiceIndex { get; private init; } = ServiceIndex.Empty;
    internal SliceIndex SliceIndex { get; private init; } = SliceIndex.Empty;
    internal FormerOwners Gone { get; private init; } = FormerOwners.Empty;

    /// <summary>The pod that has an address of its own; one in the host's network has none.</summary>
    public PodInfo? PodAt(Ip ip) => PodIndex.At(ip);

    /// <summary>
    /// The Service that a virtual address belongs to: by ClusterIP, external or LoadBalancer address, or by NodePort on a
    /// node's own address.
    /// </summary>
    public ServiceKey? ServiceAt(byte proto, Ip vip, ushort port) =>
        (ServiceIndex.At(proto, vip, port) ?? (NodeIndex.At(vip) is null ? null : ServiceIndex.AtNodePort(proto, port)))?.Key;

    /// <summary>The endpoints that a Service's slices name for an address, over all its slices.</summary>
    public IEnumerable<SliceEndpoint> EndpointsOf(ServiceKey service, Ip ip) =>
        from said in SliceIndex.At(ip) where said.Slice.Service == service select said.SliceEndpoint;

    /// <summary>What a Service's slices say of an address: the best word where several name it, null where none does.</summary>
    public SliceEndpoint? EndpointOf(ServiceKey service, Ip ip) => SliceIndex.At(service, ip);

    public IEnumerable<SliceEndpoint> EndpointsOf(ServiceKey service) =>
        from slice in SliceIndex.Of(service) where !slice.IsFqdn from endpoint in slice.Endpoints select endpoint;

    /// <summary>Endpoints of any slice for an address, also of one that belongs to no Service.</summary>
    public IEnumerable<(SliceInfo Slice, SliceEndpoint SliceEndpoint)> EndpointsAt(Ip ip) => SliceIndex.At(ip);

    /// <summary>
    /// The ports at which the backends of a Service's port listen: several where pods resolve a named targetPort
    /// differently (the slices have the numbers), none while no slice tells.
    /// </summary>
    public IReadOnlyList<ushort> TargetPorts(ServiceKey service, ServicePort port)
    {
        ArgumentNullException.ThrowIfNull(port);
        var told = from slice in SliceIndex.Of(service)
                   from listed in slice.Ports
                   where listed.Proto == port.Proto && (listed.Name ?? "") == (port.Name ?? "") && listed.Port != 0
                   select listed.Port;
        var ports = told.Distinct().Order().ToList();
        // A Service without slices yet: a number speaks for itself.
        return ports.Count == 0 && port.TargetPort != 0 ? [port.TargetPort] : ports;
    }

    /// <summary>Sentences about what conntrack cannot tell of a Service.</summary>
    public IReadOnlyList<string> Notes(ServiceKey service) =>
    [
        .. from slice in SliceIndex.Of(service)
           where slice.IsFqdn
           select $"EndpointSlice {slice.Namespace}/{slice.Name} names hosts instead of addresses (FQDN): entries to them cannot be told by name.",
    ];

    public FormerOwner? GoneAt(Ip ip) => Gone.At(ip);

    public AddressOwnership OwnerOf(Ip ip)
    {
        if (ip.IsNone)
            return AddressOwnership.Unknown;
        // A node's address first: whatever a Service or a pod says of it, its entries are the node's and never to be flushed.
        if (NodeIndex.At(ip) is { } node)
            return new AddressOwnership(OwnerState.Node, Name: node);
        var pod = PodAt(ip);
        if (pod is { ContainersEnded: false })
            return new AddressOwnership(StateOf(pod, ip), pod, pod.FullName, pod.AskedMs);
        if (ServiceIndex.At(ip) is { } service)
            return new AddressOwnership(OwnerState.Service, Name: service.Key.ToString());
        // An ended pod keeps its address in its status for as long as its object lives; others may have had it since.
        var gone = GoneAt(ip);
        if (pod is not null && (gone is null || (pod.FinishedMs ?? pod.CreatedMs) >= gone.GoneMs))
            return new AddressOwnership(OwnerState.Gone, null, pod.FullName, pod.FinishedMs);
        return gone is null ? AddressOwnership.Unknown : new AddressOwnership(OwnerState.Gone, null, gone.FullName, gone.GoneMs);
    }

    /// <summary>
    /// Addresses whose entries may lead nowhere: of lost pods, of terminating ones, then of those that went last. Asked
    /// every second: it looks at the pods that end, at those of lost nodes and at the former owners, not at all pods.
    /// </summary>
    public IReadOnlyList<Ip> AddressesWithoutLiveOwner(int most)
    {
        var present = new List<(int Rank, long Order, Ip Ip)>();
        var (goneMs, gone) = (new List<long>(), new List<Ip>());
        foreach (string uid in PodIndex.Ending)
            Look(Pods[uid]);
        foreach (var (name, uids) in PodIndex.ByNode)
        {
            if (!NodeIndex.IsLost(name))
                continue;
            foreach (string uid in uids)
                Look(Pods[uid]);
        }

        foreach (var owner in Gone.All)
        {
            goneMs.Add(owner.GoneMs);
            gone.Add(owner.Ip);
        }

        present.Sort();
        var addresses = new List<Ip>();
        var seen = new HashSet<Ip>();
        foreach (var (_, _, ip) in present)
            Take(ip);
        long[] order = [.. goneMs];
        Ip[] byEnd = [.. gone];
        Array.Sort(order, byEnd);
        // Whether somebody has the address again is asked only of as many as are wanted.
        for (int i = byEnd.Length - 1; i >= 0 && addresses.Count < most; i--)
        {
            if (OwnerOf(byEnd[i]).State == OwnerState.Gone)
                Take(byEnd[i]);
        }

        return addresses;

        void Take(Ip ip)
        {
            if (addresses.Count < most && seen.Add(ip))
                addresses.Add(ip);
        }

        void Look(PodInfo pod)
        {
            foreach (var ip in pod.Ips)
            {
                switch (OwnerOf(ip).State)
                {
                    case OwnerState.Lost:
                        present.Add((0, pod.DeletionMs ?? 0, ip));
                        break;
                    case OwnerState.Terminating:
                        present.Add((1, pod.DeletionMs ?? 0, ip));
                        break;
                    case OwnerState.Gone:
                        goneMs.Add(pod.FinishedMs ?? 0);
                        gone.Add(ip);
                        break;
                }
            }
        }
    }

    private OwnerState StateOf(PodInfo pod, Ip ip)
    {
        // A kubelet that cannot be heard leaves its pods as they were; only the endpoint tells (serving turns false).
        if (NodeIndex.IsLost(pod.Node) && !SliceIndex.IsServing(ip))
            return OwnerState.Lost;
        return pod.IsTerminating ? OwnerState.Terminating : OwnerState.Live;
    }

    public ClusterMap With(PodInfo pod) => this with { PodIndex = PodIndex.With(pod) };

    /// <summary>Takes a pod out and remembers it as the last owner of its addresses.</summary>
    public ClusterMap Without(PodInfo pod, long goneMs)
    {
        var known = Pods.GetValueOrDefault(pod.Uid);
        // Where its containers ended earlier, it was gone from its address then.
        if (pod.ContainersEnded && pod.FinishedMs is { } finishedMs)
            goneMs = Math.Min(goneMs, finishedMs);
        var gone = Gone;
        foreach (var ip in PodIndex.OwnAddresses(pod).Union(PodIndex.OwnAddresses(known)))
            gone = gone.Remembering(new FormerOwner(ip, pod.Uid, pod.FullName, goneMs));
        return this with { PodIndex = PodIndex.Without(pod.Uid), Gone = gone };
    }

    public ClusterMap Remembering(FormerOwner owner) => this with { Gone = Gone.Remembering(owner) };

    public ClusterMap With(NodeInfo node) => this with { NodeIndex = NodeIndex.With(node) };

    public ClusterMap Without(NodeInfo node) => this with { NodeIndex = NodeIndex.Without(node) };

    public ClusterMap With(ServiceInfo service) => this with { ServiceIndex = ServiceIndex.With(service) };

    public ClusterMap Without(ServiceInfo service) => this with { ServiceIndex = ServiceIndex.Without(service) };

    public ClusterMap With(SliceInfo slice) => this with { SliceIndex = SliceIndex.With(slice) };

    public ClusterMap Without(SliceInfo slice) => this with { SliceIndex = SliceIndex.Without(slice) };

    public ClusterMap With(WorkloadInfo workload) => this with { Workloads = Workloads.SetItem(workload.Uid, workload) };

    public ClusterMap Without(WorkloadInfo workload) => this with { Workloads = Workloads.Remove(workload.Uid) };
}
