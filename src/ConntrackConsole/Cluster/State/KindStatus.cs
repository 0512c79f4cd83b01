namespace ConntrackConsole.Cluster.State;

/// <summary>How well one kind is known.</summary>
/// <param name="Listed">True once it was listed.</param>
/// <param name="Age">How long ago it was last known to be true; <see cref="TimeSpan.MaxValue"/> before the first list.</param>
/// <param name="Problem">Why it is not followed now, and what that costs; null while it is.</param>
public sealed record KindStatus(string Kind, bool Listed, TimeSpan Age, string? Problem)
{
    /// <summary>The resourceVersion up to which everything was applied; null before the first list.</summary>
    public string? Version { get; init; }

    /// <summary>Objects that were too large to be read, since the start.</summary>
    public int Skipped { get; init; }
}
