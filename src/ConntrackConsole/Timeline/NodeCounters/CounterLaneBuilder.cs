using ConntrackConsole.Timeline.Model;

namespace ConntrackConsole.Timeline.NodeCounters;

/// <summary>Adds up what the nodes counted into the columns of a window. Times are converted to the console's clock.</summary>
/// <param name="known">By column: whether any node reported. Where none did, nothing is zero.</param>
internal sealed class CounterLaneBuilder(long fromMs, long stepMs, bool[] known)
{
    /// <summary>More failures than these cannot be read by anyone.</summary>
    public const int MaxFailures = 500;

    private const long SecondMs = 1_000;

    // Increases of the kernel's counters, in the order of CounterLanes.Rates.
    private readonly double[][] _rates = [.. Enumerable.Range(0, 5).Select(_ => new double[known.Length])];
    private readonly int[] _use = Unknown(known.Length), _useNode = Unknown(known.Length), _lag = Unknown(known.Length), _lagNode = Unknown(known.Length);
    private readonly List<string> _nodes = [];
    private readonly List<SyncFailure> _failures = [];
    private readonly long _toMs = fromMs + (stepMs * known.Length);

    /// <param name="offsetMs">The console's clock minus the node's.</param>
    public void Add(string node, long offsetMs, IReadOnlyList<CounterIncrease> increases, IReadOnlyList<GaugeRun> runs)
    {
        for (int i = increases.Count - 1; i >= 0; i--)
        {
            var increase = increases[i];
            // All nodes on one grid, also those with another clock: it is not finer than ten seconds.
            long atMs = Rounded(increase.AtMs + offsetMs, CounterIncrease.BucketMs);
            if (atMs + CounterIncrease.BucketMs <= fromMs)
                break;
            if (atMs < _toMs)
                Add(node, atMs, increase);
        }

        int index = _nodes.Count;
        _nodes.Add(node);
        for (int i = runs.Count - 1; i >= 0; i--)
        {
            var run = runs[i];
            // A measured offset varies by some milliseconds: a column boundary is at a whole second.
            long beginMs = Rounded(run.FromMs + offsetMs, SecondMs), endMs = Rounded(run.ToMs + offsetMs, SecondMs);
            if (endMs <= fromMs)
                break;
            for (int column = ColumnOf(beginMs); column < known.Length && fromMs + (column * stepMs) < endMs; column++)
            {
                if (run.Use > _use[column])
                    (_use[column], _useNode[column]) = (run.Use, index);
                if (run.LagMs > _lag[column])
                    (_lag[column], _lagNode[column]) = (run.LagMs, index);
            }
        }
    }

    public CounterLanes Build()
    {
        int[] used = [.. _useNode.Concat(_lagNode).Where(index => index >= 0).Distinct()];
        // In an order that the next window has too, so that a browser keeps the rows.
        string[] names = [.. used.Select(index => _nodes[index]).Order(StringComparer.Ordinal)];
        var places = used.ToDictionary(index => index, index => Array.BinarySearch(names, _nodes[index], StringComparer.Ordinal));
        int[][] rates = Array.ConvertAll(_rates, Row);
        return new CounterLanes(
            rates[0], rates[2], rates[3], rates[4], rates[1], new GaugeLane(_use, Placed(_useNode)), new GaugeLane(_lag, Placed(_lagNode)), names,
            [.. _failures.OrderByDescending(failure => failure.AtMs).Take(MaxFailures).OrderBy(failure => failure.AtMs).ThenBy(failure => failure.Node, StringComparer.Ordinal)]);

        int[] Placed(int[] row) => Array.ConvertAll(row, index => index < 0 ? -1 : places[index]);
    }

    private void Add(string node, long atMs, in CounterIncrease increase)
    {
        if (increase.SyncFailures > 0 && atMs >= fromMs)
            _failures.Add(new SyncFailure(node, atMs, (int)Math.Min(int.MaxValue, increase.SyncFailures)));
        long endMs = atMs + CounterIncrease.BucketMs;
        for (int column = ColumnOf(atMs); column < known.Length && fromMs + (column * stepMs) < endMs; column++)
        {
            long columnMs = fromMs + (column * stepMs);
            // The mean of the ten seconds, weighted with the part of them that is in the column.
            double share = 1_000.0 * (Math.Min(columnMs + stepMs, endMs) - Math.Max(columnMs, atMs)) / CounterIncrease.BucketMs * 1_000 / stepMs;
            _rates[0][column] += increase.Invalid * share;
            _rates[1][column] += increase.InvalidDropped * share;
            _rates[2][column] += increase.Drop * share;
            _rates[3][column] += increase.EarlyDrop * share;
            _rates[4][column] += increase.InsertFailed * share;
        }
    }

    private int ColumnOf(long atMs) => (int)Math.Max(0, (atMs - fromMs) / stepMs);

    // What was counted at all is never drawn as nothing.
    private int[] Row(double[] sums)
    {
        int[] row = new int[sums.Length];
        for (int column = 0; column < row.Length; column++)
            row[column] = known[column] ? (int)Math.Min(int.MaxValue, Math.Ceiling(sums[column] - 1e-9)) : -1;
        return row;
    }

    private static long Rounded(long ms, long unitMs) => (ms + (unitMs / 2)) / unitMs * unitMs;

    private static int[] Unknown(int length)
    {
        int[] row = new int[length];
        row.AsSpan().Fill(-1);
        return row;
    }
}
