
using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Ownership;

/// <summary>Which ends of a span nobody saw: it is then a bound, not a moment.</summary>
[Flags]
public enum Unseen : byte
{
    None = 0,
    /// <summary>It was so already when the console first looked: it began at FromMs at the earliest.</summary>
    Begin = 1,
    /// <summary>The console was away when it ended: ToMs is when it was last known to be so.</summary>
    End = 2,
}

/// <summary>Something that was so over a stretch of time.</summary>
internal interface ISpan<out TSelf>
{
    long FromMs { get; }

    /// <summary>Null while it still is so.</summary>
    long? ToMs { get; }

    TSelf Ended(long toMs, Unseen unseen);
}

/// <param name="PodUid">Empty for a node's own address.</param>
/// <param name="FullName">namespace/name of the pod; the node's name for its own address.</param>
/// <param name="ToMs">Null while it still is so.</param>
public sealed record OwnerSpan(Ip Ip, string PodUid, string FullName, string Node, long FromMs, long? ToMs) : ISpan<OwnerSpan>
{
    /// <summary>Live, Terminating or Lost; Node for a node's own address. Another state of the same pod is another span.</summary>
    public OwnerState State { get; init; } = OwnerState.Live;

    public Unseen Unseen { get; init; }

    public OwnerSpan Ended(long toMs, Unseen unseen) => this with { ToMs = toMs, Unseen = Unseen | unseen };
}

/// <summary>The addresses and ports of a Service over a stretch of time.</summary>
/// <param name="Vips">ClusterIPs, then external and LoadBalancer addresses; none for a headless Service.</param>
public sealed record ServiceSpan(ServiceKey Key, string Uid, IReadOnlyList<Ip> Vips, IReadOnlyList<ServicePort> Ports, long FromMs, long? ToMs) : ISpan<ServiceSpan>
{
    public Unseen Unseen { get; init; }

    public ServiceSpan Ended(long toMs, Unseen unseen) => this with { ToMs = toMs, Unseen = Unseen | unseen };
}

/// <summary>What the slices of a Service said of an address over a stretch of time.</summary>
public sealed record EndpointSpan(
    ServiceKey Service, Ip Ip, string? PodUid, bool Ready, bool Serving, bool Terminating, long FromMs, long? ToMs) : ISpan<EndpointSpan>
{
    public Unseen Unseen { get; init; }

    public EndpointSpan Ended(long toMs, Unseen unseen) => this with { ToMs = toMs, Unseen = Unseen | unseen };
}
