namespace ConntrackConsole.Timeline.Blocks;

/// <summary>The resolution of stored history: seconds per column, and columns per block.</summary>
internal sealed record Level(byte Step, int Columns)
{
    public const long MinuteMs = 60_000;

    /// <summary>Finest first; each block of one lies within one block of the next.</summary>
    public static readonly Level[] All = [new(1, 60), new(10, 60), new(60, 240)];

    /// <summary>The minute that contains a moment: a frame is stamped with the end of its second.</summary>
    public static long MinuteOf(long atMs) => (atMs - 1) - ((atMs - 1) % MinuteMs);

    public static Level Finest => All[0];

    public long StepMs => Step * 1000L;

    public long BlockMs => StepMs * Columns;

    public long StartOf(long atMs) => atMs - (atMs % BlockMs);

    /// <summary>The coarsest level that is no coarser than the requested column width.</summary>
    public static Level For(long stepMs) => All.LastOrDefault(l => l.StepMs <= stepMs) ?? Finest;

    /// <summary>The blocks of this level are computed from those of that one.</summary>
    public Level? Finer => Array.IndexOf(All, this) is var at && at > 0 ? All[at - 1] : null;

    /// <summary>Its blocks are longer than the interval of a <see cref="SeriesTable"/>.</summary>
    public bool HasOwnTables => BlockMs > SeriesTable.IntervalMs;

    public Level? Coarser => Array.IndexOf(All, this) is var at && at + 1 < All.Length ? All[at + 1] : null;
}
