using ConntrackConsole.Wire;

namespace ConntrackConsole.Diagnosis.Facts;

/// <summary>
/// What a node's look-ups of a watched address show over time. They are counts, not entries: an entry that was answered is alive for
/// some seconds of look-ups, so that as long as none is, those that wait have waited throughout.
/// </summary>
internal sealed class LookupTally
{
    // Since the last row with an answer, or without any that waits.
    private readonly List<(long AtMs, uint Waiting)> _waiting = [];
    private long? _firstMs;
    private WatchedAddress _last;
    private uint _answered;

    /// <summary>Adds a row; nodes send one when it changes.</summary>
    /// <param name="atMs">Time of its frame, milliseconds of Unix time; in order.</param>
    public void Add(long atMs, in WatchedAddress look)
    {
        _firstMs ??= atMs;
        _answered = Math.Max(_answered, look.Alive);
        if (look.Unacknowledged == 0 || look.Alive > 0)
            _waiting.Clear();
        else
            _waiting.Add((atMs, look.Unacknowledged));
        _last = look;
    }

    /// <summary>Missing if there was no look-up.</summary>
    /// <param name="untilMs">Time of the last frame that the node sent, with a row or without: until then the last row stands.</param>
    public Source<LookupEvidence> ToEvidence(long untilMs) => _firstMs is not { } firstMs ? Source<LookupEvidence>.Missing("the address was not on the watch list") : new LookupEvidence
    {
        Established = (int)_last.Entries,
        Waiting = (int)_last.Unacknowledged,
        Stuck = Stuck(untilMs - (LookupEvidence.StuckSeconds * 1000)),
        Answered = (int)_answered,
        Idle = (int)_last.Idle,
        // The node leaves out those of which a look-up proves nothing, and those that it has not looked up yet.
        Cut = (int)(_last.Entries - Math.Min(_last.Entries, _last.Checked)),
        Seconds = (int)((untilMs - firstMs) / 1000),
    };

    // As many as waited at every moment since then: clients notice one after the other, each at its next packet.
    private int Stuck(long sinceMs)
    {
        uint stuck = uint.MaxValue;
        for (int i = _waiting.Count - 1; i >= 0; i--)
        {
            stuck = Math.Min(stuck, _waiting[i].Waiting);
            if (_waiting[i].AtMs <= sinceMs)
                return (int)stuck;
        }

        return 0;
    }
}
