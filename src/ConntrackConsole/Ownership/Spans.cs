using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Ownership;

/// <summary>What of a span was not observed: such an end is a bound, not an exact time.</summary>
[Flags]
internal enum Unseen : byte
{
    None = 0,
    /// <summary>It already existed when the console first listed it: FromMs is the earliest possible start.</summary>
    Begin = 1,
    /// <summary>It ended while the console was not watching: ToMs is when it was last known to exist.</summary>
    End = 2,
    /// <summary>Whether the lost pod still runs: only its kubelet is known to be dead, see <see cref="AddressOwnership.IsUnproven"/>.</summary>
    Life = 4,
}

/// <summary>A state over a range of time.</summary>
internal interface ISpan<out TSelf>
{
    long FromMs { get; }

    /// <summary>Null while it is open.</summary>
    long? ToMs { get; }

    TSelf Ended(long toMs, Unseen unseen);
}

/// <param name="PodUid">Empty for a node's own address.</param>
/// <param name="FullName">namespace/name of the pod; the node's name for its own address.</param>
/// <param name="ToMs">Null while it is open.</param>
internal sealed record OwnerSpan(Ip Ip, string PodUid, string FullName, string Node, long FromMs, long? ToMs) : ISpan<OwnerSpan>
{
    /// <summary>Live, Terminating or Lost; Node for a node's own address. Each state of a pod has its own span.</summary>
    public OwnerState State { get; init; } = OwnerState.Live;

    public Unseen Unseen { get; init; }

    public OwnerSpan Ended(long toMs, Unseen unseen) => this with { ToMs = toMs, Unseen = Unseen | unseen };
}

/// <summary>The addresses and ports of a Service over a range of time.</summary>
/// <param name="Vips">ClusterIPs, then external and LoadBalancer addresses; empty for a headless Service.</param>
internal sealed record ServiceSpan(ServiceKey Key, string Uid, IReadOnlyList<Ip> Vips, IReadOnlyList<ServicePort> Ports, long FromMs, long? ToMs) : ISpan<ServiceSpan>
{
    public Unseen Unseen { get; init; }

    public ServiceSpan Ended(long toMs, Unseen unseen) => this with { ToMs = toMs, Unseen = Unseen | unseen };
}

/// <summary>The endpoint conditions of an address in the slices of a Service over a range of time.</summary>
internal sealed record EndpointSpan(
    ServiceKey Service, Ip Ip, string? PodUid, bool Ready, bool Serving, bool Terminating, long FromMs, long? ToMs) : ISpan<EndpointSpan>
{
    public Unseen Unseen { get; init; }

    public EndpointSpan Ended(long toMs, Unseen unseen) => this with { ToMs = toMs, Unseen = Unseen | unseen };
}
