namespace ConntrackConsole.Lab.Cluster;

/// <summary>client-go's EventSourceObjectSpamFilter, for one reporter and one object: a burst of 25, then one in five minutes.</summary>
internal sealed class EventRateLimiter(DateTimeOffset now)
{
    public const int Burst = 25;
    public static readonly TimeSpan Interval = TimeSpan.FromMinutes(5);

    private double _tokens = Burst;
    private DateTimeOffset _at = now;

    /// <summary>When it was last asked, milliseconds of Unix time.</summary>
    public long LastMs => _at.ToUnixTimeMilliseconds();

    public bool TryTake(DateTimeOffset now)
    {
        _tokens = Math.Min(Burst, _tokens + ((now - _at) / Interval));
        _at = now;
        if (_tokens < 1)
            return false;
        _tokens--;
        return true;
    }
}
