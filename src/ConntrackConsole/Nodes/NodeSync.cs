namespace ConntrackConsole.Nodes;

/// <summary>When the kube-proxy of a node had applied a change of the endpoints.</summary>
/// <param name="AtMs">The first sync that began after the endpoint's change; null if there was no sync yet.</param>
public sealed record NodeSync(string Node, long? AtMs)
{
    /// <summary>Why it is unknown; null if it is known, or if there was no sync yet.</summary>
    public string? Unknown { get; init; }
}
