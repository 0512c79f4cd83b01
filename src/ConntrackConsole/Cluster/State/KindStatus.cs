namespace ConntrackConsole.Cluster.State;

/// <summary>The watch status of one kind.</summary>
/// <param name="Listed">True once it was listed.</param>
/// <param name="Age">How long ago it was last confirmed as current; <see cref="TimeSpan.MaxValue"/> before the first list.</param>
/// <param name="Problem">Why it is not watched now, and the impact; null while it is watched.</param>
internal sealed record KindStatus(string Kind, bool Listed, TimeSpan Age, string? Problem)
{
    /// <summary>The resourceVersion up to which everything is applied; null before the first list.</summary>
    public string? Version { get; init; }

    /// <summary>Number of objects that were too large to be parsed, since startup.</summary>
    public int Skipped { get; init; }
}
