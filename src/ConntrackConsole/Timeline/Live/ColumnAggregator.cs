using ConntrackConsole.Timeline.Model;

namespace ConntrackConsole.Timeline.Live;

/// <summary>
/// Sums the step series of several nodes over a window and reduces them to columns: the maximum within a column, -1 where it is
/// unknown. Samples are a second apart, or one per column where columns are finer.
/// </summary>
internal sealed class ColumnAggregator
{
    private readonly TimelineQuery _query;
    private readonly long _stepMs;
    private readonly int _perColumn;
    private readonly int[] _live;
    private readonly int[] _closing;
    private readonly bool[] _known;
    private readonly bool[] _uncertain;

    public ColumnAggregator(TimelineQuery query, long stepMs)
    {
        _query = query;
        _stepMs = stepMs;
        _perColumn = (int)Math.Max(1, stepMs / 1000);
        int samples = query.Columns * _perColumn;
        (_live, _closing) = (new int[samples], new int[samples]);
        (_known, _uncertain) = (new bool[samples], new bool[samples]);
    }

    /// <summary>Adds one node's part; <paramref name="steps"/> is null if the node never had such entries.</summary>
    /// <param name="ended">The node is no longer in the cluster: after its last frame its counts are zero, not unknown.</param>
    /// <param name="clockOffsetMs">
    /// The console's clock minus the node's: the node's timestamps are converted to the console's clock, in which the states are
    /// classified. Otherwise a node that is two seconds ahead would show its entries as stale two seconds before the pod ended.
    /// </param>
    public void Add(CoverageIntervals known, StepSeries? steps, bool ended, long clockOffsetMs = 0)
    {
        int interval = 0;
        int step = -1;
        for (int sample = 0; sample < _live.Length; sample++)
        {
            long atMs = TimeOf(sample) - clockOffsetMs;
            while (steps is not null && step + 1 < steps.Count && steps[step + 1].AtMs <= atMs)
                step++;
            while (interval < known.Count && known[interval].ToMs < atMs)
                interval++;
            int live = step < 0 ? 0 : steps![step].Live;
            int closing = step < 0 ? 0 : steps![step].Closing;
            if (interval < known.Count && known[interval].FromMs <= atMs)
            {
                _known[sample] = true;
                _live[sample] += live;
                _closing[sample] += closing;
            }
            else if (steps is not null)
            {
                // In a gap the sum is unknown only if this node had entries of the group before the gap or has them after it.
                bool before = live + closing > 0 && !(ended && interval == known.Count);
                bool after = interval < known.Count && step + 1 < steps.Count && steps[step + 1].AtMs <= known[interval].FromMs;
                _uncertain[sample] |= before || after;
            }
        }
    }

    public bool HasAny => _live.Any(v => v > 0) || _closing.Any(v => v > 0) || _uncertain.Any(v => v);

    public (int[] Entries, int[] Closing, int[] Stale) Reduce(IReadOnlyList<(long AtMs, EntryState State)> states)
    {
        int[] entries = new int[_query.Columns];
        int[] closing = new int[_query.Columns];
        int[] stale = new int[_query.Columns];
        int state = -1;
        for (int column = 0; column < entries.Length; column++)
        {
            (entries[column], closing[column], stale[column]) = (-1, -1, -1);
            for (int sample = column * _perColumn; sample < (column + 1) * _perColumn; sample++)
            {
                while (state + 1 < states.Count && states[state + 1].AtMs <= TimeOf(sample))
                    state++;
                if (!_known[sample] || _uncertain[sample])
                    continue;
                // Before the first known state the first one applies: the console had only just started to observe.
                bool isStale = states.Count > 0 && states[Math.Max(0, state)].State.LeadsAstray();
                entries[column] = Math.Max(entries[column], _live[sample]);
                closing[column] = Math.Max(closing[column], _closing[sample]);
                stale[column] = Math.Max(stale[column], isStale ? _live[sample] : 0);
            }
        }

        return (entries, closing, stale);
    }

    // The end of the interval that a sample represents.
    private long TimeOf(int sample) => _query.FromMs + ((sample + 1) * _stepMs / _perColumn);
}
