using System.Diagnostics;

namespace ConntrackConsole.Collector.Commands.Flush;

/// <summary>
/// Limits the rate of deletions: each makes a client reset and reconnect, and these reconnects must not all happen at once.
/// </summary>
/// <param name="perSecond">Deletions per second; 0 = unlimited.</param>
internal sealed class DeletionRateLimiter(int perSecond)
{
    public const int DefaultPerSecond = 2000;

    private readonly long _began = Stopwatch.GetTimestamp();
    private long _sent;

    /// <summary>Waits until that many more may be deleted; false if cancelled.</summary>
    public bool Wait(int count, CancellationToken stop)
    {
        if (stop.IsCancellationRequested)
            return false;
        if (perSecond > 0)
        {
            // Relative to the start: a slow chunk is caught up, but the overall rate is never exceeded.
            double ahead = (_sent * 1000.0 / perSecond) - Stopwatch.GetElapsedTime(_began).TotalMilliseconds;
            if (ahead >= 1 && stop.WaitHandle.WaitOne((int)ahead))
                return false;
        }

        _sent += count;
        return true;
    }
}
