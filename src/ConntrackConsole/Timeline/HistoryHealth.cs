using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Timeline.Rollup;
using ConntrackConsole.Timeline.Storage;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace ConntrackConsole.Timeline;

/// <summary>How far the console's own work on the history is. Degraded at most: the console answers, and names what it does not have yet.</summary>
internal sealed class HistoryHealth(RollupWorker rollup, TimelineReplay replay, TimelineStore store, TimeProvider time) : IHealthCheck
{
    /// <summary>Name of the health check.</summary>
    public const string Name = "history";

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        string reasons = string.Join('\n', Reasons());
        return Task.FromResult(reasons.Length > 0 ? HealthCheckResult.Degraded(reasons) : HealthCheckResult.Healthy());
    }

    private IEnumerable<string> Reasons()
    {
        if (replay.Pending is > 0 and var nodes)
            yield return $"{HistoryCodes.Loading}: the last hour of {nodes} nodes is still being read from the database.";
        if (rollup.LateByMs is > 0 and var lateMs)
            yield return $"{HistoryCodes.RollupLate}: the stored history ends {lateMs / 1_000} s ago; the frames are kept until the rollup has caught up.";
        if (store.Memory is { IsLimited: true } memory)
        {
            long minutes = (time.GetUtcNow().ToUnixTimeMilliseconds() - memory.FromMs) / 60_000;
            yield return $"{HistoryCodes.MemoryLimited}: memory holds the last {minutes} min ({memory.MaxBytes >> 20} MiB, Storage:MemoryMiB); what is older is read from the database.";
        }
    }
}
