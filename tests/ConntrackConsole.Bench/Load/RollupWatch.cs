namespace ConntrackConsole.Bench.Load;

/// <summary>Waits for the blocks of each minute that ends under load: how long after its end has the last node got its own?</summary>
internal sealed class RollupWatch(string database, int nodes)
{
    private readonly List<double> _seconds = [];

    /// <summary>Seconds for each minute that was rolled up.</summary>
    public IReadOnlyList<double> Seconds => _seconds;

    /// <summary>The minute that is waited for has this many nodes' blocks.</summary>
    public long Last { get; private set; }

    public async Task RunAsync(CancellationToken stop)
    {
        // The first minute is the one in which the load begins: all nodes have frames of it once it ends.
        long minute = Now / 60_000;
        using var stored = new StoredFrames(database);
        while (!stop.IsCancellationRequested)
        {
            await Task.Delay(500, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            Last = stored.NodesRolledUp(minute);
            if (Last < nodes)
                continue;
            _seconds.Add((Now - ((minute + 1) * 60_000)) / 1_000.0);
            minute++;
        }
    }

    private static long Now => DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
}
