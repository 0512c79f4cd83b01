namespace ConntrackConsole.Collector.Observation.Flows;

/// <summary>
/// Computes when the timeout of an entry can have run out at the earliest. Packets renew a timeout without an event, mostly to a longer
/// one, but an unanswered or a retransmitted segment shortens it (DOMAIN: to tcp_timeout_unacknowledged or _max_retrans), and under
/// be_liberal or ignore_invalid_rst a stray reset to tcp_timeout_close, with the state unchanged. Seconds of a monotonic clock.
/// </summary>
internal sealed class ExpiryBound
{
    // The clock advances once per second, and the kernel rounds a timeout down to seconds.
    private const uint MarginSeconds = 2;

    private uint _shortest;
    private uint _cappedUntil;
    private uint _cap;

    /// <summary>The time of the last <see cref="Tick"/>.</summary>
    public uint NowSeconds { get; private set; }

    /// <param name="nowMs">Monotonic.</param>
    /// <param name="shortestSeconds">The shortest timeout that an established entry can have now; 0 = unknown, then nothing is proven.</param>
    public void Tick(long nowMs, uint shortestSeconds)
    {
        uint before = NowSeconds;
        NowSeconds = (uint)(nowMs / 1000);
        if (shortestSeconds < _shortest)
        {
            // Since the last tick packets may have given entries the shorter timeout.
            _cap = before + shortestSeconds;
            _cappedUntil = NowSeconds + _shortest;
        }

        _shortest = shortestSeconds;
    }

    /// <summary>The earliest expiry of an entry whose remaining timeout is known now; 0 = unknown.</summary>
    public uint Of(uint? timeoutSeconds) => timeoutSeconds is { } left ? NowSeconds + Math.Min(left, _shortest) : 0;

    /// <summary>True if an entry with this earliest expiry cannot have expired at that time.</summary>
    public bool IsTooEarly(uint earliest, uint atSeconds)
    {
        if (atSeconds < _cappedUntil)
            earliest = Math.Min(earliest, _cap);
        return atSeconds + MarginSeconds < earliest;
    }
}
