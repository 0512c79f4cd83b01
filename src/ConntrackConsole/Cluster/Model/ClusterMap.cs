using System.Collections.Immutable;
using ConntrackConsole.Cluster.State;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Cluster.Model;

/// <summary>
/// An immutable snapshot of the cluster, replaced as a whole by <see cref="ClusterState"/>. Each change updates only the
/// indexes it touches, so an event costs a few tree nodes and not a scan of the cluster.
/// </summary>
public sealed record ClusterMap
{
    /// <summary>How many former owners are kept.</summary>
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
    /// <summary>Addresses of pods on unreachable nodes at which something answers: only their kubelet is dead.</summary>
    public ImmutableHashSet<Ip> Answering { get; private init; } = [];

    /// <summary>Addresses of pods on unreachable nodes at which data stays unacknowledged.</summary>
    internal ImmutableHashSet<Ip> Refuted { get; private init; } = [];

    /// <summary>Nodes with a collector that reports: if their kubelet does not, only the kubelet is known to be dead.</summary>
    internal ImmutableHashSet<string> Reporting { get; private init; } = [];

    internal FormerOwners Gone { get; private init; } = FormerOwners.Empty;

    /// <summary>
    /// The pod with this address of its own; a pod in the host network has none. If several running pods have it (live migration of
    /// a virtual machine), the one that the slices name.
    /// </summary>
    public PodInfo? PodAt(Ip ip) => PodIndex.At(ip, SliceIndex);

    /// <summary>
    /// The Service of a virtual address: by ClusterIP, external or LoadBalancer address, or by NodePort on a node's own
    /// address. The newest claim, if several Services claim it.
    /// </summary>
    public ServiceKey? ServiceAt(byte proto, Ip vip, ushort port) => ClaimsOf(proto, vip, port).Newest?.Key;

    /// <summary>Every Service that claims a virtual address and port, the newest claim last: which one a node's rules apply is not known.</summary>
    internal SmallList<ServiceInfo> ClaimsOf(byte proto, Ip vip, ushort port)
    {
        var claims = ServiceIndex.At(proto, vip, port);
        return claims.Count > 0 || NodeIndex.At(vip) is null ? claims : ServiceIndex.AtNodePort(proto, port);
    }

    /// <summary>The endpoints for an address in all slices of a Service.</summary>
    public IEnumerable<SliceEndpoint> EndpointsOf(ServiceKey service, Ip ip) =>
        from found in SliceIndex.At(ip) where found.Slice.Service == service select found.SliceEndpoint;

    /// <summary>The endpoint for an address in a Service's slices: the best condition if several contain it, null if none does.</summary>
    public SliceEndpoint? EndpointOf(ServiceKey service, Ip ip) => SliceIndex.At(service, ip);

    public IEnumerable<SliceEndpoint> EndpointsOf(ServiceKey service) =>
        from slice in SliceIndex.Of(service) where !slice.IsFqdn from endpoint in slice.Endpoints select endpoint;

    /// <summary>Endpoints for an address in any slice, including slices without a Service.</summary>
    public IEnumerable<(SliceInfo Slice, SliceEndpoint SliceEndpoint)> EndpointsAt(Ip ip) => SliceIndex.At(ip);

    /// <summary>
    /// The ports on which the backends of a Service's port listen: several if pods resolve a named targetPort differently
    /// (the slices have the numbers), empty while no slice contains them.
    /// </summary>
    public IReadOnlyList<ushort> TargetPorts(ServiceKey service, ServicePort port)
    {
        ArgumentNullException.ThrowIfNull(port);
        var reported = from slice in SliceIndex.Of(service)
                   from listed in slice.Ports
                   where listed.Proto == port.Proto && (listed.Name ?? "") == (port.Name ?? "") && listed.Port != 0
                   select listed.Port;
        var ports = reported.Distinct().Order().ToList();
        // The Service has no slices yet: use a numeric targetPort.
        return ports.Count == 0 && port.TargetPort != 0 ? [port.TargetPort] : ports;
    }

    /// <summary>Notes about what conntrack cannot show for a Service.</summary>
    public IReadOnlyList<string> Notes(ServiceKey service) =>
    [
        .. from slice in SliceIndex.Of(service)
           where slice.IsFqdn
           select $"EndpointSlice {slice.Namespace}/{slice.Name} contains host names instead of addresses (FQDN): entries to them cannot be attributed to the Service.",
    ];

    public FormerOwner? GoneAt(Ip ip) => Gone.At(ip);

    public AddressOwnership OwnerOf(Ip ip)
    {
        if (ip.IsNone)
            return AddressOwnership.Unknown;
        // A node's address comes first: even if a Service or a pod claims it, its entries belong to the node and must never be flushed.
        if (NodeIndex.At(ip) is { } node)
            return new AddressOwnership(OwnerState.Node, Name: node);
        var pod = PodAt(ip);
        if (pod is { ContainersEnded: false })
        {
            var state = StateOf(pod, ip);
            return new AddressOwnership(state, pod, pod.FullName, pod.DeletionRequestedMs)
            {
                IsUnproven = state == OwnerState.Lost && Reporting.Contains(pod.Node) && !Refuted.Contains(ip),
            };
        }

        if (ServiceIndex.At(ip) is { } service)
            return new AddressOwnership(OwnerState.Service, Name: service.Key.ToString());
        // An ended pod keeps its address in its status as long as its object exists; other pods may have had it since.
        var gone = GoneAt(ip);
        if (pod is not null && (gone is null || (pod.FinishedMs ?? pod.CreatedMs) >= gone.GoneMs))
            return new AddressOwnership(OwnerState.Gone, null, pod.FullName, pod.FinishedMs);
        return gone is null ? AddressOwnership.Unknown : new AddressOwnership(OwnerState.Gone, null, gone.FullName, gone.GoneMs);
    }

    /// <summary>The state that <see cref="OwnerOf"/> returns, without the owner.</summary>
    public OwnerState OwnerStateOf(Ip ip)
    {
        if (ip.IsNone)
            return OwnerState.Unknown;
        if (NodeIndex.At(ip) is not null)
            return OwnerState.Node;
        var pod = PodAt(ip);
        if (pod is { ContainersEnded: false })
            return StateOf(pod, ip);
        if (ServiceIndex.At(ip) is not null)
            return OwnerState.Service;
        return pod is not null || GoneAt(ip) is not null ? OwnerState.Gone : OwnerState.Unknown;
    }

    /// <summary>
    /// Addresses that may have stale entries: of lost pods, of terminating pods, then of the most recently deleted ones. Called
    /// every second: it scans ending pods, pods on lost nodes and former owners, not all pods.
    /// </summary>
    public IReadOnlyList<Ip> AddressesWithoutLiveOwner(int max)
    {
        var present = new List<(int Rank, long Order, Ip Ip)>();
        var (goneMs, gone) = (new List<long>(), new List<Ip>());
        foreach (string uid in PodIndex.Ending)
            AddPod(Pods[uid]);
        foreach (var (name, uids) in PodIndex.ByNode)
        {
            if (!NodeIndex.IsLost(name))
                continue;
            foreach (string uid in uids)
                AddPod(Pods[uid]);
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
            AddAddress(ip);
        long[] order = [.. goneMs];
        Ip[] byEnd = [.. gone];
        Array.Sort(order, byEnd);
        // Only checks as many addresses for a new owner as are requested.
        for (int i = byEnd.Length - 1; i >= 0 && addresses.Count < max; i--)
        {
            if (OwnerOf(byEnd[i]).State == OwnerState.Gone)
                AddAddress(byEnd[i]);
        }

        return addresses;

        void AddAddress(Ip ip)
        {
            if (addresses.Count < max && seen.Add(ip))
                addresses.Add(ip);
        }

        void AddPod(PodInfo pod)
        {
            foreach (var ip in pod.Ips)
            {
                switch (OwnerOf(ip).State)
                {
                    case OwnerState.Lost or OwnerState.Live when NodeIndex.IsLost(pod.Node) && !SliceIndex.IsServing(ip):
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

    /// <summary>Addresses of pods on nodes that are unreachable for the API server: lost, unless something answers there.</summary>
    public IEnumerable<(Ip Ip, string Node)> AddressesOnLostNodes() =>
        from node in PodIndex.ByNode
        where NodeIndex.IsLost(node.Key)
        from uid in node.Value
        let pod = Pods[uid]
        where !pod.ContainersEnded
        from ip in PodIndex.OwnAddresses(pod)
        where PodAt(ip)?.Uid == uid && !SliceIndex.IsServing(ip)
        select (ip, node.Key);

    /// <summary>Addresses of the pods of a node.</summary>
    public IEnumerable<Ip> AddressesOn(string node) =>
        from uid in PodIndex.ByNode.GetValueOrDefault(node, [])
        let pod = Pods[uid]
        where !pod.ContainersEnded
        from ip in PodIndex.OwnAddresses(pod)
        where PodAt(ip)?.Uid == uid
        select ip;

    /// <summary>A pod of a node has no address yet: it may have one that its status does not name.</summary>
    public bool AwaitsAddress(string node)
    {
        foreach (string uid in PodIndex.ByNode.GetValueOrDefault(node, []))
        {
            if (Pods[uid] is { HostNetwork: false, ContainersEnded: false } pod && PodIndex.OwnAddresses(pod).Count == 0)
                return true;
        }

        return false;
    }

    private OwnerState StateOf(PodInfo pod, Ip ip)
    {
        // The pods of an unreachable kubelet stay unchanged; only the endpoint shows it (serving becomes false).
        if (NodeIndex.IsLost(pod.Node) && !SliceIndex.IsServing(ip) && !Answering.Contains(ip))
            return OwnerState.Lost;
        return pod.IsTerminating ? OwnerState.Terminating : OwnerState.Live;
    }

    /// <summary>Adds or updates a pod. An address that it had and has no longer (an eviction, a recreated sandbox) loses its owner.</summary>
    public ClusterMap With(PodInfo pod, long nowMs)
    {
        var gone = Gone;
        var has = PodIndex.OwnAddresses(pod);
        foreach (var ip in PodIndex.OwnAddresses(Pods.GetValueOrDefault(pod.Uid)))
        {
            if (!has.Contains(ip))
                gone = gone.WithFormerOwner(new FormerOwner(ip, pod.Uid, pod.FullName, pod is { ContainersEnded: true, FinishedMs: { } finishedMs } ? Math.Min(nowMs, finishedMs) : nowMs));
        }

        return this with { PodIndex = PodIndex.With(pod), Gone = gone };
    }

    /// <summary>Removes a pod and keeps it as the last owner of its addresses.</summary>
    public ClusterMap Without(PodInfo pod, long goneMs)
    {
        var known = Pods.GetValueOrDefault(pod.Uid);
        // If its containers ended earlier, its address was free from then on.
        if (pod.ContainersEnded && pod.FinishedMs is { } finishedMs)
            goneMs = Math.Min(goneMs, finishedMs);
        var gone = Gone;
        // The kubelet creates the mirror object of a static pod again; its containers, and its address, live on.
        bool livesOn = pod is { IsMirror: true, ContainersEnded: false };
        foreach (var ip in livesOn ? [] : PodIndex.OwnAddresses(pod).Union(PodIndex.OwnAddresses(known)))
            gone = gone.WithFormerOwner(new FormerOwner(ip, pod.Uid, pod.FullName, goneMs));
        return this with { PodIndex = PodIndex.Without(pod.Uid), Gone = gone };
    }

    public ClusterMap WithFormerOwner(FormerOwner owner) => this with { Gone = Gone.WithFormerOwner(owner) };

    internal ClusterMap WithAnswering(ImmutableHashSet<Ip> answering, ImmutableHashSet<Ip> refuted, ImmutableHashSet<string> reporting) =>
        this with { Answering = answering, Refuted = refuted, Reporting = reporting };

    public ClusterMap With(NodeInfo node) => this with { NodeIndex = NodeIndex.With(node) };

    public ClusterMap Without(NodeInfo node) => this with { NodeIndex = NodeIndex.Without(node) };

    public ClusterMap With(ServiceInfo service) => this with { ServiceIndex = ServiceIndex.With(service) };

    /// <summary>The same with the claims of each Service address in another order, the newest last.</summary>
    public ClusterMap WithClaimsSorted(Comparison<ServiceInfo> comparison) => this with { ServiceIndex = ServiceIndex.Sorted(comparison) };

    public ClusterMap Without(ServiceInfo service) => this with { ServiceIndex = ServiceIndex.Without(service) };

    public ClusterMap With(SliceInfo slice) => this with { SliceIndex = SliceIndex.With(slice) };

    public ClusterMap Without(SliceInfo slice) => this with { SliceIndex = SliceIndex.Without(slice) };

    public ClusterMap With(WorkloadInfo workload) => this with { Workloads = Workloads.SetItem(workload.Uid, workload) };

    public ClusterMap Without(WorkloadInfo workload) => this with { Workloads = Workloads.Remove(workload.Uid) };
}
