using ConntrackConsole.Workers;

namespace ConntrackConsole.Rollouts;

/// <summary>
/// Measures each rollout once, when nothing more will be known, and stores the measurement: frames are kept for hours, and later rollouts are
/// compared with it. One at a time; a slow measurement is followed by a longer pause.
/// </summary>
internal sealed partial class RolloutRecorder(
    RolloutArchive rollouts, RolloutReporter reporter, RolloutReportStore store, TimeProvider time, ILogger<RolloutRecorder> log)
    : RoundWorker(Interval, Rest, time)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);
    private const int Rest = 9;

    // Frames are kept for two hours at least. A pod may hang in its termination for longer than that.
    private const long LookbackMs = 2 * 3_600_000;
    private const long MaxWaitMs = 3_600_000;
    private const int MaxRollouts = 500;

    private readonly HashSet<string> _stored = [];

    /// <summary>Stores the measurement of one rollout that is over.</summary>
    /// <returns>Its id; null if no rollout is due.</returns>
    public async Task<string?> RecordAsync(CancellationToken ct)
    {
        long nowMs = Time.GetUtcNow().ToUnixTimeMilliseconds();
        var recent = await rollouts.ReadAsync(new RolloutFilter(nowMs - LookbackMs), null, MaxRollouts, ct);
        _stored.IntersectWith(recent.Select(rollout => rollout.Id));
        var open = recent.Where(rollout => !rollout.IsOpen && !_stored.Contains(rollout.Id)).ToList();
        if (open.Count == 0)
            return null;
        _stored.UnionWith(await store.KnownAsync([.. open.Select(rollout => rollout.Id)], ct));
        foreach (var rollout in open.Where(rollout => !_stored.Contains(rollout.Id)).Reverse())
        {
            if (nowMs - rollout.ClosedMs < MaxWaitMs && !await reporter.IsOverAsync(rollout, ct))
                continue;
            await store.SaveAsync(rollout, await reporter.MeasureAsync(rollout, ct), ct);
            _stored.Add(rollout.Id);
            return rollout.Id;
        }

        return null;
    }

    protected override Task RunRoundAsync(CancellationToken ct) => RecordAsync(ct);

    protected override void LogFailed(Exception failure) => LogNotMeasured(failure);

    [LoggerMessage(Level = LogLevel.Error, Message = "A rollout could not be measured; will retry while its frames are stored.")]
    private partial void LogNotMeasured(Exception failure);
}
