namespace ConntrackConsole.Timeline.Blocks;

/// <summary>The resolution of stored history: seconds per column, and columns per block.</summary>
internal sealed record Level(byte Step, int Columns)
{
    public const long MinuteMs = 60_000;

    /// <summary>Finest first; each block of one lies within one block of the next.</summary>
    public static readonly Level[] All = [new(1, 60), new(10, 60), new(60, 240)];

    public static Level Finest => All[0];

    public long StepMs => Step * 1000L;

    public long BlockMs => StepMs * Columns;

    public long StartOf(long atMs) => atMs - (atMs % BlockMs);

    /// <summary>The coarsest level that is no coarser than the requested column width.</summary>
    public static Level For(long stepMs) => All.LastOrDefault(l => l.StepMs <= stepMs) ?? Finest;

    public Level? Coarser => Array.IndexOf(All, this) is var at && at + 1 < All.Length ? All[at + 1] : null;
}
