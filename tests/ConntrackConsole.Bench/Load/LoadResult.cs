using ConntrackConsole.Bench.Load.Nodes;

namespace ConntrackConsole.Bench.Load;

/// <summary>Seconds from the start of the process.</summary>
/// <param name="ReadySeconds">The cluster is listed.</param>
internal sealed record StartTimes(double ListensSeconds, double ReadySeconds);

/// <summary>Seconds from kill -9; NaN: not within five minutes.</summary>
/// <param name="ReadySeconds">The cluster is listed.</param>
/// <param name="AcknowledgedSeconds">Every frame is acknowledged again, but those of the last three seconds.</param>
internal sealed record RestartTimes(double ListensSeconds, double ReadySeconds, double AcknowledgedSeconds);

/// <summary>Milliseconds, and the length of an answer.</summary>
/// <param name="QuietP99">Of the queries that began in the half of the second in which no node sends.</param>
internal sealed record QueryTimes(double P50, double P99, double QuietP99, long Answers, long Failed, double Bytes)
{
    public static QueryTimes Of(Readers readers) => new(
        readers.Lag.Percentile(50), readers.Lag.Percentile(99), readers.QuietLag.Percentile(99), readers.Lag.Count, readers.Failed, readers.Bytes / (double)Math.Max(1, readers.Lag.Count));
}

/// <summary>Of all open pages together.</summary>
/// <param name="Draws">Views drawn since the pages were opened; the other figures are of the steady state only.</param>
/// <param name="Ended">Pages that the console has ended.</param>
/// <param name="Problem">Why the last of them ended.</param>
internal sealed record PageFigures(long Draws, double DrawsPerSecond, double BytesPerSecond, long Ended, string? Problem);

/// <summary>What one run has measured.</summary>
internal sealed class LoadResult
{
    public StartTimes? Start { get; set; }

    public RestartTimes? Restart { get; set; }

    /// <summary>Minutes of nodes that were packed when the console was killed.</summary>
    public long PackedAtKill { get; set; }

    /// <summary>Of each second of the steady state, and before the first.</summary>
    public IReadOnlyList<ProcessUsage> Usages { get; set; } = [];

    public PageFigures Pages { get; set; } = new(0, 0, 0, 0, null);

    public double GeneratorCores { get; set; }

    /// <summary>What the rest of the machine used meanwhile: figures of a busy machine are not comparable.</summary>
    public double OtherCores { get; set; }

    public long GeneratorLateMs { get; private set; }

    public double FrameBytes { get; set; }

    /// <summary>By how much the database's file grew in the second half of the steady state, a node-minute: space that is used again costs nothing.</summary>
    public double GrowthBytes { get; set; }

    public double FramesPerSecond { get; set; }

    public long Made { get; private set; }

    public long Acknowledged { get; private set; }

    public long Resent { get; private set; }

    public (double P50, double P99) LagMs { get; private set; }

    /// <summary>Of one Service.</summary>
    public QueryTimes Queries { get; private set; } = new(0, 0, 0, 0, 0, 0);

    /// <summary>Of the whole cluster.</summary>
    public QueryTimes WholeQueries { get; private set; } = new(0, 0, 0, 0, 0, 0);

    public IReadOnlyList<double> RollupSeconds { get; private set; } = [];

    public IReadOnlyList<double> ClusterRollupSeconds { get; private set; } = [];

    public StoredCount Count { get; set; } = new(0, 0, 0, 0, 0, 0);

    public IReadOnlyList<(string What, long Bytes)> Sizes { get; set; } = [];

    public void Take(Fleet fleet, Readers readers, Readers whole, RollupWatch rollup)
    {
        Made = fleet.Made;
        Acknowledged = fleet.Totals.AcknowledgedFrames;
        Resent = fleet.Totals.ResentFrames;
        GeneratorLateMs = fleet.LateMs;
        LagMs = (fleet.Totals.Lag.Percentile(50), fleet.Totals.Lag.Percentile(99));
        (Queries, WholeQueries) = (QueryTimes.Of(readers), QueryTimes.Of(whole));
        (RollupSeconds, ClusterRollupSeconds) = (rollup.Seconds, rollup.ClusterSeconds);
    }
}
