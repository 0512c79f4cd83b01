namespace ConntrackConsole.Findings.Explanation;

/// <summary>The places that a packet from a client to a Service passes, in order.</summary>
public enum HopKind
{
    ClientPod,
    ClientNode,
    Service,
    /// <summary>The address of the Service becomes that of a backend: on the client's node, or on the node where outside traffic arrives.</summary>
    Translation,
    BackendNode,
    BackendPod,
}

/// <summary>What becomes of packets of one direction at a hop.</summary>
public enum HopState
{
    Passes,
    /// <summary>The place where it breaks.</summary>
    Fails,
    /// <summary>No packet comes here.</summary>
    NotReached,
    Unknown,
}

/// <summary>One place of the path.</summary>
/// <param name="Name">The pod, node or Service; null = unknown.</param>
/// <param name="Address">With its port where there is one; null = unknown, or none.</param>
/// <param name="Request">Packets of the client.</param>
/// <param name="Answer">Packets to the client.</param>
/// <param name="Note">What happens here, if it is more than forwarding.</param>
/// <param name="Sends">What this place itself sends to the client or the backend, such as a reset; null = nothing.</param>
public sealed record PathHop(HopKind Kind, string Title, string? Name, string? Address, HopState Request, HopState Answer, string? Note, string? Sends)
{
    public bool Fails => Request == HopState.Fails || Answer == HopState.Fails;
}

/// <summary>The path of a finding's flow, from the client to the backend.</summary>
/// <param name="Hops">One of each <see cref="HopKind"/>, in order.</param>
/// <param name="Summary">The drawing in words.</param>
public sealed record PacketPath(IReadOnlyList<PathHop> Hops, string Summary);
