namespace ConntrackConsole.Timeline.NodeCounters;

/// <summary>
/// How full a node's table was and how long its kube-proxy's rules lagged, for as long as memory reaches: the highest values of ten seconds, as
/// runs of equal ones. What the frames did not report has no run. Not thread-safe: the store of the timeline holds its lock.
/// </summary>
internal sealed class NodeGauges
{
    /// <summary>Values are summarized over this time.</summary>
    public const long BucketMs = CounterIncrease.BucketMs;

    /// <summary>Maximum number of runs: a node may lose its connection with every frame. Beyond it the older half is dropped.</summary>
    public const int MaxRuns = 2_000;

    // A frame is stamped with the end of its second.
    private const long FrameMs = 1_000;

    private readonly List<GaugeRun> _runs = [];
    private long _bucketMs = long.MinValue;

    /// <summary>Oldest first, by the node's clock.</summary>
    public IReadOnlyList<GaugeRun> Runs => _runs;

    /// <param name="use">Per mille; null if the limit is not known.</param>
    /// <param name="lagMs">Null without a recent reading.</param>
    /// <param name="follows">No frame before it is missing.</param>
    public void Add(long atMs, int? use, long? lagMs, bool follows)
    {
        int useNow = use ?? GaugeRun.Unknown, lagNow = (int)Math.Min(lagMs ?? GaugeRun.Unknown, int.MaxValue);
        long bucketMs = atMs - (((atMs % BucketMs) + BucketMs) % BucketMs);
        if (follows && _runs.Count > 0)
        {
            var last = _runs[^1];
            if (bucketMs == _bucketMs)
            {
                _runs[^1] = last with { ToMs = Math.Max(last.ToMs, atMs), Use = Math.Max(last.Use, useNow), LagMs = Math.Max(last.LagMs, lagNow) };
                return;
            }

            MergeLast();
            last = _runs[^1];
            _bucketMs = bucketMs;
            _runs.Add(new GaugeRun(last.ToMs, atMs, useNow, lagNow));
            return;
        }

        MergeLast();
        if (_runs.Count >= MaxRuns)
            _runs.RemoveRange(0, MaxRuns / 2);
        _bucketMs = bucketMs;
        _runs.Add(new GaugeRun(atMs - FrameMs, atMs, useNow, lagNow));
    }

    public void Trim(long beforeMs) => _runs.RemoveAll(run => run.ToMs < beforeMs);

    private void MergeLast()
    {
        if (_runs.Count < 2)
            return;
        var (before, last) = (_runs[^2], _runs[^1]);
        if (before.ToMs != last.FromMs || (before.Use, before.LagMs) != (last.Use, last.LagMs))
            return;
        _runs[^2] = before with { ToMs = last.ToMs };
        _runs.RemoveAt(_runs.Count - 1);
    }
}

/// <summary>From after a moment to another one.</summary>
/// <param name="Use">Entries of the table per mille of its limit; <see cref="Unknown"/> if the limit is not known.</param>
/// <param name="LagMs">How long kube-proxy's rules lagged; <see cref="Unknown"/> without a recent reading.</param>
internal readonly record struct GaugeRun(long FromMs, long ToMs, int Use, int LagMs)
{
    public const int Unknown = -1;
}
