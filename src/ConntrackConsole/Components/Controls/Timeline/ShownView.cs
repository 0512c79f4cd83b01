namespace ConntrackConsole.Components.Controls.Timeline;

/// <summary>What is drawn of a view, item by item, so that two views can be compared. Immutable.</summary>
/// <param name="Rollouts">Each item as its bytes.</param>
/// <param name="Resets">Three rows of columns.</param>
internal sealed record ShownView(
    long FromMs, long StepMs, long NowMs, int Columns, byte Flags, int HiddenLanes, IReadOnlyList<ShownLane> Lanes, int OmittedRollouts, byte[][] Rollouts,
    int OmittedTerminations, byte[][] Terminations, int[][] Resets, byte[][] Gaps, byte[][] Restarts)
{
    /// <summary>What the nodes counted; null if the chart has no lanes of it.</summary>
    public ShownCounters? Counters { get; init; }

    // More pages than these with different versions of one view are those of a busy machine: they get the whole view.
    private const int MaxIncrements = 16;

    private static long _last;

    private readonly Lock _lock = new();
    private readonly Dictionary<long, byte[]?> _increments = [];
    private byte[]? _whole;

    /// <summary>Identifies it: a browser reports which version it has.</summary>
    public long Version { get; } = Interlocked.Increment(ref _last);

    /// <summary>All of it. The bytes are shared and must not be changed.</summary>
    public byte[] Whole => LazyInitializer.EnsureInitialized(ref _whole, () => ViewBytes.Write(this));

    /// <summary>What a browser needs that has a former view, in shared bytes; all of it if that is not longer, or if they do not go together.</summary>
    public byte[] Since(ShownView former)
    {
        ArgumentNullException.ThrowIfNull(former);
        lock (_lock)
        {
            if (!_increments.TryGetValue(former.Version, out byte[]? increment))
            {
                if (_increments.Count >= MaxIncrements)
                    return Whole;
                _increments[former.Version] = increment = ViewIncrement.Between(former, this);
            }

            return increment ?? Whole;
        }
    }
}

/// <param name="Key">Identifies it within a view.</param>
/// <param name="Head">The bytes before its backends.</param>
internal sealed record ShownLane(string Key, byte[] Head, IReadOnlyList<ShownBackend> Backends);

/// <param name="Head">The bytes before its columns.</param>
/// <param name="Series">Entries, stale, closing.</param>
internal sealed record ShownBackend(byte[] Head, int[][] Series);

/// <param name="Rates">Rows of columns, as <see cref="ConntrackConsole.Timeline.Model.CounterLanes.Rates"/>.</param>
/// <param name="Gauges">Rows of columns, as <see cref="ConntrackConsole.Timeline.Model.CounterLanes.Gauges"/>.</param>
/// <param name="Names">Of the nodes, each as its bytes.</param>
/// <param name="Failures">Each as its bytes.</param>
internal sealed record ShownCounters(int[][] Rates, int[][] Gauges, byte[][] Names, byte[][] Failures)
{
    /// <summary>Compared with which everything is new.</summary>
    public static readonly ShownCounters None = new([], [], [], []);
}
