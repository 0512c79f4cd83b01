using ConntrackConsole.Wire;

namespace ConntrackConsole.Timeline.NodeCounters;

/// <summary>How much the counters of a node increased within <see cref="BucketMs"/>.</summary>
/// <param name="AtMs">Start of the interval, by the node's clock.</param>
internal readonly record struct CounterIncrease(long AtMs)
{
    /// <summary>Increases of counters are kept by intervals of this length.</summary>
    public const long BucketMs = 10_000;

    public long Invalid { get; init; }

    public long Drop { get; init; }

    public long EarlyDrop { get; init; }

    public long InsertFailed { get; init; }

    public long ClashResolve { get; init; }

    /// <summary>kube-proxy's counter of INVALID packets that its rule dropped.</summary>
    public double InvalidDropped { get; init; }

    /// <summary>Failed syncs of kube-proxy.</summary>
    public double SyncFailures { get; init; }

    public bool IsZero => this == new CounterIncrease(AtMs);

    public CounterIncrease Plus(in CounterIncrease other) => new(AtMs)
    {
        Invalid = Invalid + other.Invalid, Drop = Drop + other.Drop, EarlyDrop = EarlyDrop + other.EarlyDrop, InsertFailed = InsertFailed + other.InsertFailed,
        ClashResolve = ClashResolve + other.ClashResolve, InvalidDropped = InvalidDropped + other.InvalidDropped, SyncFailures = SyncFailures + other.SyncFailures,
    };

    /// <param name="before">kube-proxy's reading before the one of the frame; null if there was none.</param>
    public static CounterIncrease Of(NodeFrame frame, long atMs, ProxyReading? before)
    {
        var counters = frame.Counters;
        bool comparable = before is { Answers: true } && frame.Proxy is { Answers: true } now && now.ProcessStart.Equals(before.ProcessStart);
        return new CounterIncrease(atMs)
        {
            Invalid = counters.Invalid, Drop = counters.Drop, EarlyDrop = counters.EarlyDrop, InsertFailed = counters.InsertFailed, ClashResolve = counters.ClashResolve,
            InvalidDropped = comparable ? Growth(before!.InvalidDropped, frame.Proxy!.InvalidDropped) : 0,
            SyncFailures = comparable ? Growth(before!.SyncFailures, frame.Proxy!.SyncFailures) : 0,
        };
    }

    // NaN where a version of kube-proxy has no such metric.
    private static double Growth(double before, double after) => after > before ? after - before : 0;
}
