using System.Runtime.InteropServices;
using ConntrackConsole.Timeline.Blocks;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Timeline.Series;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Timeline.Rollup;

/// <summary>
/// Applies the frames of one node, in the order in which they were made, to the columns of one minute. The rules are those of
/// <see cref="NodeTimeline"/>, which keeps an hour; this one keeps a minute, in buffers that the next node reuses. A test
/// compares them.
/// </summary>
internal sealed class MinuteAggregator
{
    private readonly Dictionary<GroupKey, int> _places = [];
    private readonly List<Group> _groups = [];
    private readonly List<GapSpan> _gaps = [];
    private string _node = "";
    private long _minuteMs;
    private long _run;
    private ulong _lastSequence;
    private long _lastAtMs;
    private bool _known;
    private bool _full;
    private int _frames;

    /// <summary>The minute; empty series are not removed yet. Valid until the next <see cref="Begin"/>.</summary>
    public Block Block { get; } = new(Level.Finest.Columns);

    /// <summary>The gaps that end within the minute.</summary>
    public IReadOnlyList<GapSpan> Gaps => _gaps;

    /// <summary>How much the node's clock is behind the console's, as last reported.</summary>
    public long ClockOffsetMs { get; private set; }

    public void Begin(string node, long minuteMs)
    {
        (_node, _minuteMs) = (node, minuteMs);
        (_run, _lastSequence, _lastAtMs, _known, _full, _frames, ClockOffsetMs) = (0, 0, 0, false, false, 0, 0);
        _places.Clear();
        _groups.Clear();
        _gaps.Clear();
        Block.Clear();
    }

    /// <summary>Earlier and repeated frames are skipped.</summary>
    public void Apply(long run, NodeFrame frame)
    {
        ArgumentNullException.ThrowIfNull(frame);
        if (run < _run || (run == _run && frame.Sequence <= _lastSequence))
            return;
        bool restarted = run != _run && _lastAtMs != 0;
        if (run != _run)
            (_run, _lastSequence, _known) = (run, 0, false);
        // A node's clock may be moved backwards; series must not go backwards.
        long atMs = Math.Max(frame.AtMs, _lastAtMs);
        bool jumped = _lastSequence != 0 && frame.Sequence != _lastSequence + 1;
        bool paused = _lastAtMs != 0 && atMs - _lastAtMs > NodeTimeline.SilentMs;
        if (restarted)
            Gap(GapKind.Started, _lastAtMs, atMs, 0);
        else if (jumped)
            Gap(GapKind.SequenceJump, _lastAtMs, atMs, (uint)Math.Min(frame.Sequence - _lastSequence - 1, uint.MaxValue));
        else if (paused)
            Gap(GapKind.Silent, _lastAtMs, atMs, 0);
        foreach (var reported in frame.Gaps)
        {
            // The console's own gap, which begins at the last frame before, is the longer one.
            if (!restarted || reported.Kind != GapKind.Started)
                Gap(reported.Kind, reported.FromMs, reported.ToMs, reported.Lost);
        }

        bool unbroken = _known && !jumped && !paused;
        // Changes without the preceding ones mean nothing: wait for the next key frame.
        _known = frame.IsKey || (_known && !jumped);
        if (_known)
        {
            ApplyGroups(frame, atMs);
            MarkKnown(unbroken ? _lastAtMs : atMs, atMs);
        }

        if (frame.Cost is { } cost)
            ClockOffsetMs = cost.ClockOffsetMs == int.MinValue ? 0 : cost.ClockOffsetMs;
        _lastSequence = frame.Sequence;
        _lastAtMs = atMs;
    }

    /// <summary>Completes the columns: the values where the table is known, zero elsewhere.</summary>
    public void End()
    {
        for (int i = 0; i < _groups.Count; i++)
        {
            Fill(i, Block.Columns);
            var series = Block.Series[i];
            for (int column = 0; column < Block.Columns; column++)
            {
                if (!Block.Known[column])
                    (series.Entries[column], series.Closing[column]) = (0, 0);
            }
        }
    }

    private void Gap(GapKind kind, long fromMs, long toMs, uint lost)
    {
        if (toMs > _minuteMs && toMs <= _minuteMs + Level.MinuteMs)
            _gaps.Add(GapLog.Span(_node, kind, fromMs, toMs, lost));
    }

    // Column i is the moment (i + 1) seconds after the minute's start.
    private int ColumnFrom(long atMs) => (int)Math.Clamp((atMs - _minuteMs + 999) / 1000, 1, Block.Columns + 1) - 1;

    private void MarkKnown(long fromMs, long toMs)
    {
        if (toMs < _minuteMs + 1000)
            return;
        int first = ColumnFrom(fromMs), end = (int)Math.Min((toMs - _minuteMs) / 1000, Block.Columns);
        if (end > first)
            Block.Known.AsSpan(first, end - first).Fill(true);
    }

    private void ApplyGroups(NodeFrame frame, long atMs)
    {
        _frames++;
        uint dropped = 0;
        var counts = CollectionsMarshal.AsSpan(frame.Groups);
        if (frame.IsKey)
        {
            foreach (ref readonly var group in counts)
            {
                if (_places.TryGetValue(group.Key, out int named))
                    CollectionsMarshal.AsSpan(_groups)[named].NamedBy = _frames;
            }

            for (int i = 0; i < _groups.Count; i++)
            {
                if (_groups[i].NamedBy != _frames)
                    Set(i, 0, 0, atMs);
            }
        }

        foreach (ref readonly var group in counts)
        {
            uint total = group.Counts.Total;
            if (!_places.TryGetValue(group.Key, out int place))
            {
                if (total == 0)
                    continue;
                if (_places.Count >= NodeTimeline.MaxGroups)
                {
                    dropped++;
                    continue;
                }

                place = _groups.Count;
                _places[group.Key] = place;
                _groups.Add(default);
                Block.Add(new SeriesLabel(group.Key, null, default, default));
            }

            uint live = group.Counts.Live;
            Set(place, Clamped(live), Clamped(total - live), atMs);
        }

        if (dropped > 0 && !_full)
            Gap(GapKind.FramesDropped, atMs, atMs, dropped);
        _full = dropped > 0;

        static int Clamped(uint count) => (int)Math.Min(count, int.MaxValue / 1024);
    }

    private void Set(int place, int entries, int closing, long atMs)
    {
        ref var group = ref CollectionsMarshal.AsSpan(_groups)[place];
        if (group.Entries == entries && group.Closing == closing)
            return;
        Fill(place, ColumnFrom(atMs));
        (group.Entries, group.Closing) = (entries, closing);
    }

    private void Fill(int place, int endColumn)
    {
        ref var group = ref CollectionsMarshal.AsSpan(_groups)[place];
        if (endColumn <= group.Filled)
            return;
        var series = Block.Series[place];
        series.Entries.AsSpan(group.Filled, endColumn - group.Filled).Fill(group.Entries);
        series.Closing.AsSpan(group.Filled, endColumn - group.Filled).Fill(group.Closing);
        group.Filled = endColumn;
    }

    /// <summary>Current values, and up to which column they are written.</summary>
    private struct Group
    {
        public int Entries;
        public int Closing;
        public int Filled;
        public int NamedBy;
    }
}
