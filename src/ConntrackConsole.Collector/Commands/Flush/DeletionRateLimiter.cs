using System.Diagnostics;

namespace ConntrackConsole.Collector.Commands.Flush;

/// <summary>How fast entries are deleted: each one makes a client reset and reconnect, and they shall not all come at once.</summary>
/// <param name="perSecond">Deletions a second; 0 = as fast as the kernel.</param>
internal sealed class DeletionRateLimiter(int perSecond)
{
    public const int DefaultPerSecond = 2000;

    private readonly long _began = Stopwatch.GetTimestamp();
    private long _sent;

    /// <summary>Waits until so many more may be deleted; false where it was told to stop.</summary>
    public bool Wait(int count, CancellationToken stop)
    {
        if (stop.IsCancellationRequested)
            return false;
        if (perSecond > 0)
        {
            // By the clock since the beginning: a slow chunk is made up for, never more than that.
            double ahead = (_sent * 1000.0 / perSecond) - Stopwatch.GetElapsedTime(_began).TotalMilliseconds;
            if (ahead >= 1 && stop.WaitHandle.WaitOne((int)ahead))
                return false;
        }

        _sent += count;
        return true;
    }
}
