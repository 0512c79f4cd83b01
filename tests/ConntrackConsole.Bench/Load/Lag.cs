namespace ConntrackConsole.Bench.Load;

/// <summary>Durations by the millisecond, up to ten minutes; several threads may add.</summary>
internal sealed class Lag
{
    private readonly int[] _counts = new int[600_000];

    public void Add(long ms) => Interlocked.Increment(ref _counts[Math.Clamp(ms, 0, _counts.Length - 1)]);

    public long Count => _counts.Sum(count => (long)count);

    /// <returns>Milliseconds; NaN without durations.</returns>
    public double Percentile(double percent)
    {
        long wanted = (long)Math.Ceiling(Count * percent / 100);
        if (wanted == 0)
            return double.NaN;
        long seen = 0;
        int ms = 0;
        while ((seen += _counts[ms]) < wanted)
            ms++;
        return ms;
    }
}
