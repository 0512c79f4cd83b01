namespace ConntrackConsole.Collector.Observation;

/// <summary>
/// Infers from repeated samples of one established TCP entry, by the remaining timeout alone, whether its backend responds.
/// </summary>
/// <remarks>
/// The kernel sets the timeout to tcp_timeout_established at every segment, except that it sets tcp_timeout_unacknowledged
/// (or max_retrans) while data waits for its acknowledgement. So at or below that value no acknowledgement came yet. Half of all
/// samples find a busy healthy flow in this state, so only consecutive samples without an acknowledgement in between are
/// significant. A rise is no proof either: the first keep-alive probes of a client refresh the timeout by themselves (they carry
/// no data). Nor is a fall: an entry that had its full timeout and fell to 10 s was cut by a stray reset (the timeout of CLOSE, under
/// tcp_be_liberal or tcp_ignore_invalid_rst, with the state unchanged), to 299 s by the answer to one (a challenge ACK): both
/// sockets may be up. Only a fall to exactly the unacknowledged timeout, or to that of max_retrans, is of data that waits, and
/// those run down from there.
/// </remarks>
internal struct AcknowledgementTracker
{
    /// <summary>An entry that answered within this time counts as alive: between two samples it may be waiting again.</summary>
    public const long AliveForMs = 5000;

    // The kernel reports whole seconds.
    private const long RoundingMs = 1500;

    // The longest interval between two retransmissions, and some seconds for the samples: below the unacknowledged timeout less
    // this no client retransmits any more, so none waits.
    private const uint MaxSilenceSeconds = 125;

    // A connection that is used is acknowledged within a second, or renews its timeout; one whole second more, because the kernel reports whole ones.
    private const uint QuietSeconds = 2;

    // What lasts longer began long before, or is no data.
    private const uint MaxPauseSeconds = 10;

    // An entry that is renewed this often carries traffic; retransmissions double their intervals.
    private const int BusySamples = 3;

    private long _expiresAtMs;
    private long _roseAtMs;
    private bool _fell;
    private bool _silent;
    private bool _backsOff;
    private int _renewed;

    /// <summary>Number of samples.</summary>
    public int Samples { get; private set; }

    /// <summary>Time since which every sample found the entry unacknowledged; 0 = the last one did not.</summary>
    public long UnacknowledgedSinceMs { get; private set; }

    /// <summary>Samples since then.</summary>
    public int UnacknowledgedSamples { get; private set; }

    public void Next(uint timeoutSeconds, uint unacknowledgedSeconds, long nowMs)
    {
        // A flow with constant traffic has its full timeout in every sample: only its expiry time moves.
        long expiresAtMs = nowMs + (timeoutSeconds * 1000L);
        bool rose = Samples > 0 && timeoutSeconds > unacknowledgedSeconds && expiresAtMs > _expiresAtMs + RoundingMs;
        // A retransmission sets the short timeout again: then data waits. A stray reset leaves it to run down.
        bool refreshed = UnacknowledgedSamples > 0 && timeoutSeconds <= unacknowledgedSeconds && expiresAtMs > _expiresAtMs + RoundingMs;
        if (timeoutSeconds > unacknowledgedSeconds || refreshed)
            _fell = false;
        else if (Samples > 0 && UnacknowledgedSamples == 0)
            _fell = true;
        _silent = unacknowledgedSeconds > MaxSilenceSeconds && timeoutSeconds < unacknowledgedSeconds - MaxSilenceSeconds;
        if (rose)
            _roseAtMs = nowMs;
        if (rose || refreshed || Samples == 0 || expiresAtMs < _expiresAtMs - RoundingMs)
            _expiresAtMs = expiresAtMs;
        if (timeoutSeconds > unacknowledgedSeconds)
            (UnacknowledgedSinceMs, UnacknowledgedSamples) = (0, 0);
        else if (UnacknowledgedSamples++ == 0)
            UnacknowledgedSinceMs = nowMs;
        FollowPauses(timeoutSeconds, unacknowledgedSeconds);
        Samples++;
    }

    // Data that waits without a packet for a second is retransmitted ever more seldom, until an answer comes. The stream that lost a packet goes on.
    private void FollowPauses(uint timeoutSeconds, uint unacknowledgedSeconds)
    {
        bool isWaiting = timeoutSeconds <= unacknowledgedSeconds;
        uint pause = isWaiting ? unacknowledgedSeconds - timeoutSeconds : 0;
        _renewed = isWaiting && pause < QuietSeconds ? _renewed + 1 : 0;
        if (!isWaiting || _renewed >= BusySamples)
            _backsOff = false;
        else if (pause is >= QuietSeconds and <= MaxPauseSeconds)
            _backsOff = true;
    }

    /// <summary>
    /// Data waits, or a stray reset left a timeout that looks the same: only where no packet can arrive, and so no reset comes from there either, it is
    /// data for certain. Needs no retransmission.
    /// </summary>
    public readonly bool MayWait => UnacknowledgedSamples > 0 && !_silent;

    /// <summary>
    /// Data waits, and since its last answer there was a second or more without a packet of either direction: neither a stream, of which some data waits
    /// at any moment, nor a busy connection pauses like that.
    /// </summary>
    public readonly bool IsBackingOff(long nowMs) => _backsOff && IsUnacknowledged(nowMs);

    public readonly bool RoseWithin(long ms, long nowMs) => _roseAtMs != 0 && nowMs - _roseAtMs < ms;

    public readonly bool EverRose => _roseAtMs != 0;

    public readonly bool IsAlive(long nowMs) => _roseAtMs != 0 && nowMs - _roseAtMs < AliveForMs;

    public readonly bool IsUnacknowledged(long nowMs) => UnacknowledgedSamples > 0 && !IsAlive(nowMs) && !ProvesNothing;

    /// <summary>The timeout is short, and it is unknown why: it fell and no retransmission followed, or no client retransmits any more.</summary>
    public readonly bool ProvesNothing => UnacknowledgedSamples > 0 && (_fell || _silent);
}
