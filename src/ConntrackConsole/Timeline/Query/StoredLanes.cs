using System.Buffers;
using System.Collections.Concurrent;
using System.Text;
using ConntrackConsole.Timeline.Blocks;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Timeline.Query;

/// <summary>Columns of a window, filled from blocks. Several threads may fill it concurrently, each its own range of columns.</summary>
internal sealed class StoredLanes(long fromMs, long stepMs, int columns)
{
    // The group was not reported there: zero where the nodes reported.
    private const int NotReported = -2;

    private readonly ConcurrentDictionary<GroupKey, StoredSeries> _series = new();
    private readonly List<(string Name, int From, int To)> _corrupt = [];

    public bool[] Known { get; } = new bool[columns];

    /// <summary>Resets by column and kind: of the whole cluster, or of the requested Service.</summary>
    public int[,] Resets { get; } = new int[columns, ResetOverflow.Length];

    public IEnumerable<StoredSeries> Series => _series.Values;

    /// <summary>Merges a block into the columns from <paramref name="firstColumn"/> up to <paramref name="endColumn"/> (exclusive).</summary>
    /// <param name="marksKnown">Whether it defines where the result is known (the cluster's block, or the node's).</param>
    /// <param name="wanted">Which Service's series are taken; null = all with a Service address.</param>
    /// <returns>False if the bytes are not a valid block.</returns>
    public bool Merge(
        ReadOnlySpan<byte> bytes, string blockName, long atMs, Level level, int firstColumn, int endColumn, bool marksKnown, bool takesResets,
        Func<GroupKey, bool>? wanted, ref byte[] buffer)
    {
        int[] values = ArrayPool<int>.Shared.Rent(BlockCodec.MaxColumns);
        try
        {
            if (BlockCodec.TryUnpack(bytes, ref buffer, out var plain)
                && LayPlain(new BlockReader(plain), blockName, atMs, level, firstColumn, endColumn, marksKnown, takesResets, wanted, values))
            {
                return true;
            }
        }
        finally
        {
            ArrayPool<int>.Shared.Return(values);
        }

        lock (_corrupt)
            _corrupt.Add((blockName, Math.Max(firstColumn, ColumnOf(atMs + 1)), Math.Min(endColumn, ColumnOf(atMs + level.BlockMs) + 1)));
        return false;
    }

    private bool LayPlain(
        BlockReader reader, string blockName, long atMs, Level level, int firstColumn, int endColumn, bool marksKnown, bool takesResets,
        Func<GroupKey, bool>? wanted, int[] values)
    {
        Span<bool> known = stackalloc bool[BlockCodec.MaxColumns];
        if (!reader.TryHead(known) || reader.Columns != level.Columns)
            return false;
        known = known[..reader.Columns];
        Span<int> places = stackalloc int[reader.Columns];
        Span<int> ends = stackalloc int[reader.Columns];
        for (int i = 0; i < places.Length; i++)
        {
            // A block column that is wider than a result column fills all that it covers; a narrower one belongs where it ends.
            long end = atMs + ((i + 1) * level.StepMs);
            int last = ColumnOf(end);
            int first = stepMs < level.StepMs ? ColumnOf(end - level.StepMs + 1) : last;
            // Other columns belong to another thread.
            (places[i], ends[i]) = known[i] ? (Math.Max(firstColumn, first), Math.Min(endColumn, last + 1)) : (0, 0);
            for (int column = places[i]; marksKnown && column < ends[i]; column++)
                Known[column] = true;
        }

        var span = values.AsSpan(0, reader.Columns);
        while (reader.TrySeries(out var key, out var pod, out var owner, out var state))
        {
            if (key.Vip.IsNone || (wanted is not null && !wanted(key)))
            {
                reader.Values(span);
                reader.Values(span);
                reader.Values(span);
                continue;
            }

            if (!_series.TryGetValue(key, out var series))
                series = _series.GetOrAdd(key, new StoredSeries(key, columns));
            series.Describe(atMs, blockName, reader.Namespace, reader.Name, pod, owner, state);
            reader.Values(span);
            SetMax(series.Entries, span, places, ends);
            if (reader.Values(span))
                SetMax(series.Closing, span, places, ends);
            if (reader.Values(span))
                SetMax(series.Stale, span, places, ends);
        }

        for (int left = reader.ResetCount(); left > 0 && !reader.Failed; left--)
        {
            var reset = reader.Reset();
            if (!takesResets || reader.Failed)
                continue;
            int column = ColumnOf(atMs + (reset.Column * level.StepMs) + 1);
            if (column >= firstColumn && column < endColumn)
                Interlocked.Add(ref Resets[column, (int)reset.Kind], reset.Count);
        }

        return !reader.Failed;
    }

    private static void SetMax(Lazy<int[]> into, ReadOnlySpan<int> values, ReadOnlySpan<int> places, ReadOnlySpan<int> ends)
    {
        int[] row = into.Value;
        for (int i = 0; i < values.Length; i++)
        {
            int value = values[i];
            for (int column = places[i]; column < ends[i]; column++)
            {
                if (row[column] < value)
                    row[column] = value;
            }
        }
    }

    /// <summary>The column that contains a moment; negative before the window.</summary>
    private int ColumnOf(long atMs) => (int)Math.Clamp(Math.DivRem(atMs - fromMs - 1, stepMs) is var (q, r) && r < 0 ? q - 1 : q, -1, columns);

    /// <summary>Sets columns without a report to zero where the nodes reported, and to -1 where they did not.</summary>
    /// <param name="endColumn">The columns from here on come from elsewhere.</param>
    public void Close(int endColumn)
    {
        int[] blank = new int[columns];
        for (int column = 0; column < columns; column++)
            blank[column] = Known[column] ? 0 : -1;
        foreach (var series in _series.Values)
            series.Close(Known, blank, endColumn, _corrupt);
        Blank = blank;
    }

    /// <summary>A group without any report; shared by all that have no other.</summary>
    public int[] Blank { get; private set; } = [];

    /// <summary>A copy for a window that begins that many columns later; the new columns at its end are unknown.</summary>
    public StoredLanes Shifted(int by)
    {
        var later = new StoredLanes(fromMs + (by * stepMs), stepMs, columns) { Blank = Moved(Blank, by) };
        Array.Copy(Known, by, later.Known, 0, columns - by);
        Array.Copy(Resets, by * ResetOverflow.Length, later.Resets, 0, (columns - by) * ResetOverflow.Length);
        foreach (var series in _series.Values)
            later._series[series.Key] = series.Shifted(row => ReferenceEquals(row, Blank) ? later.Blank : Moved(row, by), columns);
        return later;
    }

    private static int[] Moved(int[] row, int by)
    {
        int[] moved = new int[row.Length];
        Array.Copy(row, by, moved, 0, row.Length - by);
        moved.AsSpan(row.Length - by).Fill(-1);
        return moved;
    }

    public sealed class StoredSeries(GroupKey key, int columns)
    {
        private readonly Lock _lock = new();
        private long _describedMs = long.MinValue;
        private byte[] _pod = [];

        public GroupKey Key { get; } = key;
        public string Namespace { get; private set; } = "";
        public string Name { get; private set; } = "";
        public string Block { get; private set; } = "";
        public string? Pod { get; private set; }
        public OwnerState Owner { get; private set; }
        public EntryState State { get; private set; }

        // Most groups never have the other values: then they cost no memory and no bytes in the response.
        internal Lazy<int[]> Entries { get; } = new(() => NewRow(columns));
        internal Lazy<int[]> Closing { get; } = new(() => NewRow(columns));
        internal Lazy<int[]> Stale { get; } = new(() => NewRow(columns));

        public int[] EntryColumns { get; private set; } = [];
        public int[] ClosingColumns { get; private set; } = [];
        public int[] StaleColumns { get; private set; } = [];

        internal void Describe(long atMs, string block, string ns, string name, ReadOnlySpan<byte> pod, OwnerState owner, EntryState state)
        {
            lock (_lock)
            {
                if (atMs <= _describedMs)
                {
                    if (Pod is null && !pod.IsEmpty)
                        Pod = Encoding.UTF8.GetString(pod);
                    return;
                }

                _describedMs = atMs;
                (Namespace, Name, Block, Owner, State) = (ns, name, block, owner, state);
                if (pod.IsEmpty || pod.SequenceEqual(_pod))
                    return;
                _pod = pod.ToArray();
                Pod = Encoding.UTF8.GetString(_pod);
            }
        }

        internal StoredSeries Shifted(Func<int[], int[]> moved, int columns) => new(Key, columns)
        {
            Namespace = Namespace, Name = Name, Block = Block, Pod = Pod, Owner = Owner, State = State,
            EntryColumns = moved(EntryColumns), ClosingColumns = moved(ClosingColumns), StaleColumns = moved(StaleColumns),
        };

        internal void Close(bool[] known, int[] blank, int endColumn, List<(string Name, int From, int To)> corrupt)
        {
            EntryColumns = Closed(Entries, known, blank, endColumn);
            ClosingColumns = Closed(Closing, known, blank, endColumn);
            StaleColumns = Closed(Stale, known, blank, endColumn);
            foreach (var (_, from, to) in corrupt.Where(c => c.Name == Block && c.To > c.From))
            {
                EntryColumns = Unknown(EntryColumns, from, to);
                ClosingColumns = Unknown(ClosingColumns, from, to);
                StaleColumns = Unknown(StaleColumns, from, to);
            }

            int[] Unknown(int[] row, int from, int to)
            {
                if (ReferenceEquals(row, blank))
                    row = (int[])row.Clone();
                row.AsSpan(from, to - from).Fill(-1);
                return row;
            }
        }

        private static int[] Closed(Lazy<int[]> values, bool[] known, int[] blank, int endColumn)
        {
            if (!values.IsValueCreated)
                return blank;
            int[] row = values.Value;
            for (int column = 0; column < endColumn; column++)
            {
                if (!known[column])
                    row[column] = -1;
                else if (row[column] == NotReported)
                    row[column] = 0;
            }

            row.AsSpan(endColumn).Fill(-1);
            return row;
        }

        private static int[] NewRow(int columns)
        {
            int[] row = new int[columns];
            row.AsSpan().Fill(NotReported);
            return row;
        }
    }
}
