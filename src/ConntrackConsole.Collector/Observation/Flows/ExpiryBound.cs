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

    private uint _minSeconds;
    private uint _cappedUntil;
    private uint _cap;

    /// <summary>The time of the last <see cref="Tick"/>.</summary>
    public uint NowSeconds { get; private set; }

    /// <param name="nowMs">Monotonic.</param>
    /// <param name="minSeconds">The shortest timeout that an established entry can have now; 0 = unknown, then nothing is proven.</param>
    public void Tick(long nowMs, uint minSeconds)
    {
        uint before = NowSeconds;
        NowSeconds = (uint)(nowMs / 1000);
        if (minSeconds < _minSeconds)
        {
            // Since the last tick packets may have given entries the shorter timeout.
            _cap = before + minSeconds;
            _cappedUntil = NowSeconds + _minSeconds;
        }

        _minSeconds = minSeconds;
    }

    /// <summary>The earliest expiry of an entry with this remaining timeout; 0 = unknown.</summary>
    public uint Of(uint? timeoutSeconds) => timeoutSeconds is { } left ? NowSeconds + Math.Min(left, _minSeconds) : 0;

    /// <summary>True if an entry with this earliest expiry cannot have expired at that time.</summary>
    public bool IsTooEarly(uint earliest, uint atSeconds)
    {
        if (atSeconds < _cappedUntil)
            earliest = Math.Min(earliest, _cap);
        return atSeconds + MarginSeconds < earliest;
    }
}
