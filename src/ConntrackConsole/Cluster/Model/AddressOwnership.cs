
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Cluster.Model;

/// <summary>Who owns an address at a moment.</summary>
/// <param name="Pod">The pod that owns it; null where the owner is gone, unknown, or no pod.</param>
/// <param name="Name">namespace/name of the owner or of the last owner; a node's or a Service's name; null where unknown.</param>
/// <param name="SinceMs">When the last owner was gone or began to terminate, where that is known.</param>
public sealed record AddressOwnership(OwnerState State, PodInfo? Pod = null, string? Name = null, long? SinceMs = null)
{
    public static readonly AddressOwnership Unknown = new(OwnerState.Unknown);
}

/// <summary>The last pod that owned an address which nobody owns now.</summary>
public sealed record FormerOwner(Ip Ip, string Uid, string FullName, long GoneMs);
