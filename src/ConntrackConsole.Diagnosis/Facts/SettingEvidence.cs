using ConntrackConsole.Wire;

namespace ConntrackConsole.Diagnosis.Facts;

/// <summary>Configuration of the nodes that were observed. Null = unknown, or not the same on all.</summary>
internal sealed record SettingEvidence
{
    public bool? BeLiberal { get; init; }

    public bool? Loose { get; init; }

    public long? UnacknowledgedSeconds { get; init; }

    public long? EstablishedSeconds { get; init; }

    public ProxyMode ProxyMode { get; init; }

    /// <summary>uname -r.</summary>
    public string? KernelRelease { get; init; }

    /// <summary>What forwards Services past conntrack, such as "Cilium's replacement of kube-proxy"; null = nothing that is known.</summary>
    public string? Bypass { get; init; }

    /// <summary>Masquerading chooses source ports at random (--random-fully).</summary>
    public bool? RandomFully { get; init; }
}

/// <summary>The route of the nodes that were observed to the backend's address.</summary>
internal sealed record RouteEvidence
{
    /// <summary>blackhole, unreachable or prohibit.</summary>
    public bool IsBlocked { get; init; }

    /// <summary>The neighbour that packets to the address go to does not answer.</summary>
    public bool NeighbourFailed { get; init; }

    /// <summary>False: the address belongs to this node's pods, and no pod's interface has it.</summary>
    public bool? HasLeaf { get; init; }

    /// <summary>Description, such as "this node's route to 10.244.1.7 is blackhole".</summary>
    public string Text { get; init; } = "";

    /// <summary>Packets to the address cannot arrive.</summary>
    public bool IsDead => IsBlocked || NeighbourFailed || HasLeaf == false;
}
