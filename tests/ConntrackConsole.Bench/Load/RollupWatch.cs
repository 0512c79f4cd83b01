namespace ConntrackConsole.Bench.Load;

/// <summary>
/// Waits for the blocks of each minute that ends under load: how long after its end has the last node got its own, and when are those of the
/// Services and the cluster there?
/// </summary>
internal sealed class RollupWatch(string database, int nodes)
{
    private const long MinuteMs = 60_000;

    private readonly List<double> _seconds = [];
    private readonly List<double> _clusterSeconds = [];

    /// <summary>Seconds for each minute that was rolled up.</summary>
    public IReadOnlyList<double> Seconds => _seconds;

    /// <summary>Seconds for each minute of the Services and the cluster that was rolled up.</summary>
    public IReadOnlyList<double> ClusterSeconds => _clusterSeconds;

    /// <summary>The minute that is waited for has this many nodes' blocks.</summary>
    public long Last { get; private set; }

    public async Task RunAsync(CancellationToken stop)
    {
        // The first minute is the one in which the load begins: all nodes have frames of it once it ends.
        long minute = Now / MinuteMs, clusterMinute = minute;
        using var stored = new StoredFrames(database);
        while (!stop.IsCancellationRequested)
        {
            await Task.Delay(500, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            Last = stored.NodesRolledUp(minute);
            if (Last >= nodes)
                _seconds.Add(SinceEndOf(minute++));
            if (stored.IsClusterRolledUp(clusterMinute))
                _clusterSeconds.Add(SinceEndOf(clusterMinute++));
        }
    }

    private static double SinceEndOf(long minute) => (Now - ((minute + 1) * MinuteMs)) / 1_000.0;

    private static long Now => DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
}
