using ConntrackConsole.Wire;

namespace ConntrackConsole.Cluster;

/// <param name="ToMs">Null while it still is so.</param>
public sealed record OwnerSpan(Ip Ip, string PodUid, string FullName, string Node, long FromMs, long? ToMs);

/// <summary>The addresses and ports of a Service over a stretch of time.</summary>
public sealed record ServiceSpan(ServiceKey Key, string Uid, IReadOnlyList<Ip> Vips, IReadOnlyList<ServicePort> Ports, long FromMs, long? ToMs);

/// <summary>What the slices of a Service said of an address over a stretch of time.</summary>
public sealed record EndpointSpan(
    ServiceKey Service, Ip Ip, string? PodUid, bool Ready, bool Serving, bool Terminating, long FromMs, long? ToMs);

/// <summary>Who owned which address when, which Service had which addresses, and which endpoints: bounded, oldest first forgotten.</summary>
public sealed class OwnershipHistory
{
    /// <summary>The pod that owned an address at a moment.</summary>
    public OwnerSpan? OwnerAt(Ip ip, long atMs) => null;

    /// <summary>The Service that had a virtual address at a moment.</summary>
    public ServiceSpan? ServiceAt(byte proto, Ip vip, ushort port, long atMs) => null;

    /// <summary>What a Service's slices said of an address at a moment; null where they did not name it.</summary>
    public EndpointSpan? EndpointAt(ServiceKey service, Ip ip, long atMs) => null;
}
