namespace ConntrackConsole.Collector.Uplink;

/// <summary>
/// Offset of the console's clock from this node's clock. Of several samples the one with the shortest round trip is used: its
/// error is at most half of that round trip.
/// </summary>
internal sealed class ConsoleClock(TimeProvider time)
{
    public static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);
    private const int Samples = 5;

    private volatile int _offsetMs = int.MinValue;

    /// <summary>The console's clock minus this node's, milliseconds; <see cref="int.MinValue"/> = not measured.</summary>
    public int OffsetMs => _offsetMs;

    /// <summary>Now by the console's clock, milliseconds of Unix time; by this node's clock before the first measurement.</summary>
    public long NowMs => time.GetUtcNow().ToUnixTimeMilliseconds() + (_offsetMs is int.MinValue ? 0 : _offsetMs);

    public async Task MeasureAsync(Func<Task<long>> readConsoleClock)
    {
        var best = TimeSpan.MaxValue;
        long offset = 0;
        for (int i = 0; i < Samples; i++)
        {
            long sentMs = time.GetUtcNow().ToUnixTimeMilliseconds();
            long began = time.GetTimestamp();
            long consoleMs = await readConsoleClock();
            var trip = time.GetElapsedTime(began);
            if (trip >= best)
                continue;
            best = trip;
            offset = consoleMs - sentMs - (long)(trip.TotalMilliseconds / 2);
        }

        _offsetMs = (int)Math.Clamp(offset, int.MinValue + 1, int.MaxValue);
    }
}
