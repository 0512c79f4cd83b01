namespace ConntrackConsole.Collector.Observation;

/// <summary>Emits the ends of whole seconds, in milliseconds of Unix time, each once and in order.</summary>
internal sealed class FrameClock(TimeProvider time)
{
    private long _next = NextSecond(time.GetUtcNow().ToUnixTimeMilliseconds());

    public long NowMs => time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>Milliseconds until the next end of a second; 0 or less = it has passed.</summary>
    public int Wait => (int)Math.Min(_next - NowMs, 1000);

    /// <summary>The end of the second that has passed. Missed seconds are skipped, not caught up.</summary>
    public bool TryTick(out long atMs)
    {
        long now = NowMs;
        atMs = _next;
        if (now < _next)
        {
            // The clock was set backwards: continue from the new time instead of waiting for the old one.
            if (_next - now > 2000)
                _next = NextSecond(now);
            return false;
        }

        atMs = now - (now % 1000);
        _next = NextSecond(now);
        return true;
    }

    private static long NextSecond(long ms) => ms - (ms % 1000) + 1000;
}
