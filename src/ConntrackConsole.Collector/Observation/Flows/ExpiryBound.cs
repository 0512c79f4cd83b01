using ConntrackConsole.Wire;

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

    // The kernel removes an expired entry when its collection, or a dump, comes across it.
    private const uint CollectionSeconds = 120;

    // In a bound: the timeout that was seen is longer, so reaching the bound proves nothing.
    private const uint Shortened = 0x8000_0000;

    private uint _minSeconds;
    private uint _cappedUntil;
    private uint _cap;
    private bool _isOrdinary;

    /// <summary>The time of the last <see cref="Tick"/>.</summary>
    public uint NowSeconds { get; private set; }

    /// <param name="nowMs">Monotonic.</param>
    /// <param name="minSeconds">The shortest timeout that an established entry can have now; 0 = unknown, then nothing is proven.</param>
    /// <param name="isOrdinary">Every packet gives that timeout: tcp_timeout_established itself is the shortest, so that entries in use run out after it.</param>
    public void Tick(long nowMs, uint minSeconds, bool isOrdinary = false)
    {
        _isOrdinary = isOrdinary;
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

    /// <summary>The bound of an entry with this remaining timeout, for <see cref="CauseOf"/>; 0 = unknown.</summary>
    public uint Of(uint? timeoutSeconds) => timeoutSeconds is not { } left || _minSeconds == 0 ? 0
        : left <= _minSeconds ? NowSeconds + left : (NowSeconds + _minSeconds) | Shortened;

    /// <summary>
    /// Why the kernel removed an entry: by itself if its timeout cannot have run out, by its timeout if that ran out as it was last seen or
    /// as every packet sets it, and unknown if only some packets can have shortened it so far.
    /// </summary>
    /// <param name="bound">From <see cref="Of"/>, when the entry was last seen.</param>
    /// <param name="atSeconds">When it was removed.</param>
    public LossCause CauseOf(uint bound, uint atSeconds)
    {
        uint earliest = bound & ~Shortened;
        bool isSeen = bound != 0 && (bound & Shortened) == 0;
        if (bound == 0)
            return LossCause.None;
        if (atSeconds + MarginSeconds < earliest)
        {
            // Packets may have given it the shorter timeout since it was seen. Once the timeout that was seen has run out, that does not matter.
            if (atSeconds >= _cappedUntil || atSeconds + MarginSeconds < _cap)
                return LossCause.ByKernel;
            return _isOrdinary ? LossCause.Timeout : LossCause.None;
        }

        return _isOrdinary || (isSeen && atSeconds <= earliest + CollectionSeconds) ? LossCause.Timeout : LossCause.None;
    }
}
