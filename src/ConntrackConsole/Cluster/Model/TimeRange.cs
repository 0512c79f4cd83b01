namespace ConntrackConsole.Cluster.Model;

/// <summary>A range of time, milliseconds of Unix time.</summary>
public readonly record struct TimeRange(long FromMs, long ToMs)
{
    /// <summary>Excludes the start, which is exact, and includes the end.</summary>
    public bool Contains(long atMs) => atMs > FromMs && atMs <= ToMs;
}
