using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Cluster.Model;

/// <summary>The owner of an address at a point in time.</summary>
/// <param name="Pod">The pod that owns it; null if the owner is gone, unknown, or not a pod.</param>
/// <param name="Name">namespace/name of the current or last owner; the name of a node or Service; null if unknown.</param>
/// <param name="SinceMs">When the last owner was deleted or started to terminate, if known.</param>
public sealed record AddressOwnership(OwnerState State, PodInfo? Pod = null, string? Name = null, long? SinceMs = null)
{
    public static readonly AddressOwnership Unknown = new(OwnerState.Unknown);

    /// <summary>
    /// It is lost for the API server only: the collector of its node reports, and nothing has shown yet whether the pod answers.
    /// </summary>
    public bool IsUnproven { get; init; }
}

/// <summary>The last pod that owned an address that has no owner now.</summary>
public sealed record FormerOwner(Ip Ip, string Uid, string FullName, long GoneMs);
