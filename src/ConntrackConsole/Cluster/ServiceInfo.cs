using ConntrackConsole.Wire;

namespace ConntrackConsole.Cluster;

public readonly record struct ServiceKey(string Namespace, string Name)
{
    public override string ToString() => $"{Namespace}/{Name}";
}

public sealed record ServicePort(string? Name, byte Proto, ushort Port, ushort NodePort);

public sealed record ServiceInfo(string Uid, ServiceKey Key, IReadOnlyList<Ip> ClusterIps, IReadOnlyList<ServicePort> Ports);

/// <summary>An endpoint of a slice, with the defaults that a missing condition has (ready true, serving as ready, terminating false).</summary>
public sealed record Endpoint(
    IReadOnlyList<Ip> Addresses, bool Ready, bool Serving, bool Terminating, string? PodUid, string? Node);

/// <param name="Service">None where the slice belongs to no Service.</param>
public sealed record SliceInfo(string Uid, string Namespace, string Name, ServiceKey? Service, IReadOnlyList<Endpoint> Endpoints);

/// <param name="Reachable">False where the node's Ready condition is not True.</param>
public sealed record NodeInfo(string Uid, string Name, bool Reachable, IReadOnlyList<Ip> Addresses);
