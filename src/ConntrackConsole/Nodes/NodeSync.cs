namespace ConntrackConsole.Nodes;

/// <param name="AtMs">The first sync that began after the endpoint's change; null where there was none yet.</param>
public sealed record NodeSync(string Node, long? AtMs)
{
    /// <summary>The sentence why it cannot be known; null where it is known, or where there was none yet.</summary>
    public string? Unknown { get; init; }
}
