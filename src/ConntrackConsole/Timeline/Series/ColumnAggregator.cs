using ConntrackConsole.Timeline.Model;

namespace ConntrackConsole.Timeline.Series;

/// <summary>
/// Sums the series of one group on several nodes and reduces them to columns: the maximum within a column, -1 where it is unknown.
/// Costs as much as there are changes, not as there are samples. Reused for one group after the other.
/// </summary>
internal sealed class ColumnAggregator(WindowSamples window)
{
    // What is added from each sample on.
    private readonly int[] _live = new int[window.Count + 1];
    private readonly int[] _closing = new int[window.Count + 1];
    private readonly bool[] _uncertain = new bool[window.Count];
    private bool _hasUncertain;

    public bool HasAny => Last > 0;

    /// <summary>After the last sample with entries, or with unknown ones; 0 without any.</summary>
    public int Last { get; private set; }

    public void Clear()
    {
        _live.AsSpan().Clear();
        _closing.AsSpan().Clear();
        if (_hasUncertain)
            _uncertain.AsSpan().Clear();
        (_hasUncertain, Last) = (false, 0);
    }

    /// <summary>Adds one node's part.</summary>
    public void Add(WindowSamples.Coverage node, in StepSlice steps)
    {
        var (from, value, interval) = (0, default(Step), 0);
        foreach (var step in steps)
        {
            int at = window.At(step.AtMs + node.ClockOffsetMs);
            Add(node, from, at, value, step.AtMs, ref interval);
            (from, value) = (at, step);
            if (at == window.Count)
                return;
        }

        Add(node, from, window.Count, value, long.MaxValue, ref interval);
    }

    // The counts between two steps.
    private void Add(WindowSamples.Coverage node, int from, int to, in Step value, long nextStepMs, ref int interval)
    {
        var known = node.Known;
        while (from < to)
        {
            while (interval < known.Length && known[interval].To <= from)
                interval++;
            if (interval < known.Length && known[interval].From <= from)
            {
                int end = Math.Min(to, known[interval].To);
                Add(from, end, value);
                from = end;
                continue;
            }

            // In a gap the sum is unknown only if this node had entries of the group before the gap or has them after it.
            int next = Math.Min(to, interval < known.Length ? known[interval].From : window.Count);
            bool before = value.Live + value.Closing > 0 && !(node.HasEnded && interval == known.Length);
            bool after = interval < known.Length && nextStepMs <= known[interval].FromMs;
            if (before || after)
            {
                _uncertain.AsSpan(from, next - from).Fill(true);
                (_hasUncertain, Last) = (true, Math.Max(Last, next));
            }

            from = next;
        }
    }

    private void Add(int from, int to, in Step value)
    {
        if (value.Live + value.Closing == 0)
            return;
        Last = Math.Max(Last, to);
        _live[from] += value.Live;
        _live[to] -= value.Live;
        _closing[from] += value.Closing;
        _closing[to] -= value.Closing;
    }

    /// <summary>The sum, sample by sample.</summary>
    public void CopyTo(Span<SumChange> samples)
    {
        for (int sample = 0, live = 0, closing = 0; sample < window.Count; sample++)
            samples[sample] = new SumChange(live += _live[sample], closing += _closing[sample], _uncertain[sample] ? 1 : 0);
    }

    /// <summary>Adds the live entries of the samples in which they led astray.</summary>
    public void AddStaleTo(Span<int> samples, IReadOnlyList<(long AtMs, EntryState State)> states)
    {
        for (int sample = 0, live = 0, state = 0; sample < window.Count; sample++)
        {
            live += _live[sample];
            while (state + 1 < states.Count && states[state + 1].AtMs <= window.TimeOf(sample))
                state++;
            if (states[state].State.LeadsAstray())
                samples[sample] += live;
        }
    }

    /// <summary>The columns. Arrays without any value may be shared: they must not be written.</summary>
    public (int[] Entries, int[] Closing, int[] Stale) Reduce(IReadOnlyList<(long AtMs, EntryState State)> states)
    {
        int[] entries = new int[window.Columns];
        int[]? closing = null;
        int[]? stale = null;
        if (_hasUncertain)
            (closing, stale) = (new int[window.Columns], new int[window.Columns]);
        bool[] known = window.Known;
        int state = -1;
        for (int column = 0, sample = 0, live = 0, ended = 0; column < entries.Length; column++)
        {
            int max = -1, maxClosing = -1, maxStale = -1;
            for (int end = sample + window.PerColumn; sample < end; sample++)
            {
                live += _live[sample];
                ended += _closing[sample];
                if (!known[sample] || _uncertain[sample])
                    continue;
                while (state + 1 < states.Count && states[state + 1].AtMs <= window.TimeOf(sample))
                    state++;
                // Before the first known state the first one applies: the console had only just started to observe.
                bool isStale = states.Count > 0 && states[Math.Max(0, state)].State.LeadsAstray();
                max = Math.Max(max, live);
                maxClosing = Math.Max(maxClosing, ended);
                maxStale = Math.Max(maxStale, isStale ? live : 0);
            }

            entries[column] = max;
            Put(ref closing, column, maxClosing);
            Put(ref stale, column, maxStale);
        }

        return (entries, closing ?? window.Zeros, stale ?? window.Zeros);
    }

    private void Put(ref int[]? columns, int column, int value)
    {
        if (columns is null && value > 0)
            columns = [.. window.Zeros];
        if (columns is not null)
            columns[column] = value;
    }
}
