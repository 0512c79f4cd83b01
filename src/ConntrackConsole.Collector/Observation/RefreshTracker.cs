using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Observation;

/// <summary>
/// Infers from repeated samples of an entry's remaining timeout when its sender last sent something: each packet sets the timeout again, without
/// an event.
/// </summary>
internal struct RefreshTracker
{
    // The kernel reports whole seconds.
    private const long RoundingMs = 1_500;
    private const long SecondMs = 1_000;

    // A client that waits for one SYN's answer doubles the interval: after this time it sends none for eight seconds at least, with
    // linear timeouts (tcp_syn_linear_timeouts) or without.
    private const long LastCloseRepeatMs = 12_000;
    private const long MaxReuseIntervalMs = 5_000;
    private const long LastsMs = 10_000;

    // A look-up comes shortly before the second's end, and cuts off fractions: a sender of one packet a second sends all the time.
    private const long SendingMs = 2_050;

    private long _firstMs, _expiresAtMs, _refreshedMs, _beforeMs;
    private long _sentMs;
    private Stops _stops, _stopsOfASecond;
    private bool _isSampled;

    /// <param name="timeoutSeconds">What is left of the timeout.</param>
    /// <param name="fullSeconds">The timeout that each packet sets; 0 = not known.</param>
    public void Next(uint timeoutSeconds, long nowMs, uint fullSeconds = 0)
    {
        // The kernel cuts off fractions: the last packet came then, or up to a second later. With a timeout policy of its own an entry has another timeout.
        long sentMs = nowMs + ((timeoutSeconds - (long)fullSeconds) * 1_000L);
        _sentMs = fullSeconds > 0 && timeoutSeconds <= fullSeconds ? sentMs : 0;
        long expiresAtMs = nowMs + (timeoutSeconds * 1_000L);
        if (!_isSampled)
            (_isSampled, _firstMs, _expiresAtMs) = (true, nowMs, expiresAtMs);
        else if (expiresAtMs > _expiresAtMs + RoundingMs)
            (_expiresAtMs, _beforeMs, _refreshedMs) = (expiresAtMs, _refreshedMs, nowMs);
        _stops.Next(SentWithin(SendingMs, nowMs));
        _stopsOfASecond.Next(_sentMs > _firstMs && nowMs - _sentMs <= SecondMs);
    }

    /// <summary>Something was sent in the last seconds. A look-up that was late makes the remaining timeout grow without a packet: where its length is known, the packet's time decides.</summary>
    public readonly bool IsRefreshed(long nowMs) =>
        _refreshedMs != 0 && nowMs - _refreshedMs <= LastsMs && (_sentMs == 0 || nowMs - _sentMs <= LastsMs + SendingMs);

    /// <summary>Something was certainly sent within the last two seconds, and since the first look-up: more than one packet uses the entry.</summary>
    public readonly bool IsSending(long nowMs) => _stops.AreFew && SentWithin(SendingMs, nowMs);

    /// <summary>Something was certainly sent within <see cref="WatchedDetail.LastSecondMs"/> before a frame's end, and since the first look-up.</summary>
    /// <param name="frameMs">The end of the frame's second: a frame that is late is no reason to know less.</param>
    public readonly bool IsSendingLastSecond(long frameMs) => _stopsOfASecond.AreFew && SentWithin(WatchedDetail.LastSecondMs, frameMs);

    private readonly bool SentWithin(long forMs, long nowMs) => _sentMs > _firstMs && nowMs - _sentMs <= forMs;

    /// <summary>Of an unanswered SYN: it is sent more often than one connection would, so that several use the entry.</summary>
    public readonly bool IsReused(long nowMs) =>
        IsRefreshed(nowMs) && _beforeMs - _firstMs >= LastCloseRepeatMs && _refreshedMs - _beforeMs <= MaxReuseIntervalMs;

    // Each change is a row of a frame: of a slow sender a few are enough.
    private struct Stops
    {
        private const int Max = 5;

        private int _count;
        private bool _wasSending;

        public readonly bool AreFew => _count < Max;

        public void Next(bool isSending)
        {
            _count += _wasSending && !isSending ? 1 : 0;
            _wasSending = isSending;
        }
    }
}
