namespace ConntrackConsole.Timeline.Live;

/// <summary>What the memory may hold.</summary>
internal sealed partial class TimelineStore
{
    private long _bytes;

    /// <summary>What memory holds, as it was in the last second.</summary>
    public TimelineMemory Memory
    {
        get
        {
            long nowMs = NowMs, limitedMs = Volatile.Read(ref _limitedMs);
            // A trim to the limit takes effect within a minute and is needed again within a few.
            bool isLimited = limitedMs > 0 && FromMs > nowMs - _horizonMs + TrimMs;
            return new TimelineMemory(Volatile.Read(ref _bytes), _maxBytes, FromMs, isLimited, IncidentsFromMs);
        }
    }

    /// <summary>Since when the syncs in memory are complete, also while the rest is loaded.</summary>
    internal long SyncsFromMs => _syncs.FromMs;

    // The oldest is forgotten, of all nodes alike: what is later than that is complete, and what is earlier is in the database.
    private void LimitBytes(long nowMs)
    {
        long bytes = _index.SumBytes() + _syncs.Bytes;
        foreach (var node in _nodes.Values)
            bytes += node.AllBytes;
        Volatile.Write(ref _bytes, bytes);
        // Not again before all nodes are trimmed to it.
        if (nowMs - _limitedMs < TrimMs || bytes <= _maxBytes)
            return;
        // Less than what fits: more is added before the next time.
        _fromMs = nowMs - (long)((nowMs - _fromMs) * (0.8 * _maxBytes / bytes));
        Volatile.Write(ref _limitedMs, nowMs);
        // Resets, notes and look-ups are forgotten with the rest; the diagnosis names since when it has them.
        _incidentsFromMs = Math.Max(_incidentsFromMs, _fromMs);
    }
}

/// <summary>What the memory of the timeline holds.</summary>
/// <param name="Bytes">Histories of groups, sums of Services, intervals without reports, syncs, and resets, notes and look-ups for the diagnosis.</param>
/// <param name="FromMs">Since when it is complete.</param>
/// <param name="IsLimited">There was more than fits within the hour: the oldest was forgotten, and is read from the database.</param>
/// <param name="IncidentsFromMs">Since when resets, notes and look-ups are complete; 0 = as long as the rest.</param>
internal readonly record struct TimelineMemory(long Bytes, long MaxBytes, long FromMs, bool IsLimited, long IncidentsFromMs);
