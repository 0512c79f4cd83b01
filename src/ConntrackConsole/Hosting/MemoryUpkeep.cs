using ConntrackConsole.Timeline.Query;

namespace ConntrackConsole.Hosting;

/// <summary>
/// Forgets what is cached for closed pages, and collects what died old. Frames, steps and rollups live for seconds to minutes, so that
/// much of it is garbage of the oldest generation, which the runtime collects only when that has grown by half. A collection in the
/// background costs some tenths of a second of one core.
/// </summary>
internal sealed class MemoryUpkeep(TimelineQueryService queries, TimeProvider time) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(20);

    // Of what was alive after the last collection: more often would cost more time than memory.
    private const double Growth = 1.15;
    private const long MinGrowthBytes = 24L << 20;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                queries.Expire();
                if (HasGrown(GC.GetTotalMemory(forceFullCollection: false), AliveBytes))
                    GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: false);
            }
        }
        catch (OperationCanceledException)
        {
            // The console stops.
        }
    }

    /// <summary>Whether a collection is worth its time.</summary>
    internal static bool HasGrown(long bytes, long aliveBytes) => bytes > aliveBytes * Growth && bytes - aliveBytes > MinGrowthBytes;

    // After the last collection of the oldest generation, whoever asked for it.
    private static long AliveBytes
    {
        get
        {
            var (background, blocking) = (GC.GetGCMemoryInfo(GCKind.Background), GC.GetGCMemoryInfo(GCKind.FullBlocking));
            var last = background.Index > blocking.Index ? background : blocking;
            return last.HeapSizeBytes - last.FragmentedBytes;
        }
    }
}
