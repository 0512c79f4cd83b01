using ConntrackConsole.Kernel.Net;

namespace ConntrackConsole.Cluster.Model;

public readonly record struct ServiceKey(string Namespace, string Name)
{
    public override string ToString() => $"{Namespace}/{Name}";
}

/// <param name="NodePort">0 if it has none.</param>
public sealed record ServicePort(string? Name, byte Proto, ushort Port, ushort NodePort)
{
    /// <summary>Numeric targetPort; 0 if it is a name (the slices have the number).</summary>
    public ushort TargetPort { get; init; }

    /// <summary>Named targetPort, which is resolved for each pod.</summary>
    public string? TargetPortName { get; init; }
}

/// <param name="ClusterIps">Empty for a headless Service.</param>
public sealed record ServiceInfo(string Uid, ServiceKey Key, IReadOnlyList<Ip> ClusterIps, IReadOnlyList<ServicePort> Ports)
{
    /// <summary>externalIPs and status.loadBalancer.ingress: addresses that are translated like a ClusterIP.</summary>
    public IReadOnlyList<Ip> OtherIps { get; init; } = [];

    public bool Headless { get; init; }

    /// <summary>creationTimestamp; 0 if unknown.</summary>
    public long CreatedMs { get; init; }

    public bool HasSelector { get; init; } = true;

    /// <summary>internalTrafficPolicy is Local: clients reach endpoints of their own node only. Null if the object does not have it.</summary>
    public bool? InternalLocal { get; init; }

    /// <summary>externalTrafficPolicy is Local: what arrives at a node from outside reaches endpoints of that node only. Null if the object does not have it.</summary>
    public bool? ExternalLocal { get; init; }

    /// <summary>externalTrafficPolicy or internalTrafficPolicy is Local.</summary>
    public bool LocalTraffic => InternalLocal == true || ExternalLocal == true;
}

/// <summary>An endpoint of a slice, with the defaults of missing conditions (ready true, serving as ready, terminating false).</summary>
public sealed record SliceEndpoint(
    IReadOnlyList<Ip> Addresses, bool Ready, bool Serving, bool Terminating, string? PodUid, string? Node);

/// <param name="Service">Null if the slice belongs to no Service.</param>
public sealed record SliceInfo(string Uid, string Namespace, string Name, ServiceKey? Service, IReadOnlyList<SliceEndpoint> Endpoints)
{
    /// <summary>Ports of all its endpoints; a named targetPort is resolved here.</summary>
    public IReadOnlyList<ServicePort> Ports { get; init; } = [];

    /// <summary>Contains host names instead of addresses, which conntrack does not have.</summary>
    public bool IsFqdn { get; init; }
}

/// <param name="Reachable">False if the node's Ready condition is not True.</param>
public sealed record NodeInfo(string Uid, string Name, bool Reachable, IReadOnlyList<Ip> Addresses)
{
    /// <summary>status.nodeInfo.kubeletVersion, such as v1.36.2.</summary>
    public string? KubeletVersion { get; init; }

    /// <summary>When the Ready condition last changed.</summary>
    public long? ReadySinceMs { get; init; }

    /// <summary>Taints with effect NoExecute, as key=value:NoExecute.</summary>
    public IReadOnlyList<string> NoExecuteTaints { get; init; } = [];

    /// <summary>Whether its kubelet reported at a time, as far as the last change of the Ready condition shows.</summary>
    public bool WasReachable(long atMs) => ReadySinceMs is not { } sinceMs || sinceMs <= atMs + 1_000 ? Reachable : !Reachable;
}
