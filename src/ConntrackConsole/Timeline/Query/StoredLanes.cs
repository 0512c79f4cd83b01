using System.Buffers;
using System.Collections.Concurrent;
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
    private readonly ConcurrentDictionary<GroupKey, StoredSeries> _sums = new();
    private readonly List<(string Name, int From, int To)> _corrupt = [];

    public bool[] Known { get; } = new bool[columns];

    /// <summary>Resets by column and kind: of the whole cluster, or of the requested Service.</summary>
    public int[,] Resets { get; } = new int[columns, ResetOverflow.Length];

    public IEnumerable<StoredSeries> Series => _series.Values;

    /// <summary>The sum of each virtual address; of all at the default key.</summary>
    public IReadOnlyDictionary<GroupKey, StoredSeries> Sums => _sums;

    /// <summary>Some sums are sums of maxima.</summary>
    public bool SumsAreUpperBounds { get; set; }

    /// <summary>Merges a block into the columns from <paramref name="firstColumn"/> up to <paramref name="endColumn"/> (exclusive).</summary>
    /// <param name="takes">What of it is wanted.</param>
    /// <param name="isWanted">Of which Services, by name, the cluster's block gives the sums.</param>
    /// <param name="marksKnown">Whether it defines where the result is known (the cluster's block, or the node's).</param>
    /// <param name="table">The labels to which the block refers, if it has none of its own.</param>
    /// <param name="own">A buffer for the block's own labels.</param>
    /// <returns>How many series the block has; -1 if the bytes are not a valid block.</returns>
    public int Merge(
        ReadOnlySpan<byte> bytes, SeriesTable? table, SeriesTable own, TextPool texts, string blockName, long atMs, Level level, int firstColumn, int endColumn,
        BlockParts takes, Predicate<string> isWanted, bool marksKnown, bool takesResets, ref byte[] buffer)
    {
        int[] values = ArrayPool<int>.Shared.Rent(BlockCodec.MaxColumns);
        try
        {
            if (BlockCodec.TryUnpack(bytes, ref buffer, out var plain)
                && LayPlain(new BlockReader(plain, table, own, texts), blockName, atMs, level, firstColumn, endColumn, takes, isWanted, marksKnown, takesResets, values, out int series))
            {
                return series;
            }
        }
        finally
        {
            ArrayPool<int>.Shared.Return(values);
        }

        lock (_corrupt)
            _corrupt.Add((blockName, Math.Max(firstColumn, ColumnOf(atMs + 1)), Math.Min(endColumn, ColumnOf(atMs + level.BlockMs) + 1)));
        return -1;
    }

    private bool LayPlain(
        BlockReader reader, string blockName, long atMs, Level level, int firstColumn, int endColumn, BlockParts takes, Predicate<string> isWanted,
        bool marksKnown, bool takesResets, int[] values, out int series)
    {
        series = 0;
        Span<bool> known = stackalloc bool[BlockCodec.MaxColumns];
        bool isLast = takes == BlockParts.None && !takesResets;
        if (!reader.TryHead(known, isLast) || reader.Columns != level.Columns)
            return false;
        series = reader.SeriesCount;
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

        if (isLast)
            return true;
        if (takes.HasFlag(BlockParts.DerivedSums))
            LaySums(ref reader, blockName, atMs, takes, values, places, ends);
        else
            LaySeries(ref reader, blockName, atMs, takes, isWanted, values, places, ends);

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

    private void LaySeries(
        ref BlockReader reader, string blockName, long atMs, BlockParts takes, Predicate<string> isWanted, int[] values, scoped ReadOnlySpan<int> places, scoped ReadOnlySpan<int> ends)
    {
        var span = values.AsSpan(0, reader.Columns);
        while (reader.TrySeries(out var label))
        {
            bool isSum = label.Key.Backend.IsNone;
            // The sum of all, and of an address without a name at that time, have none.
            if (isSum ? !takes.HasFlag(BlockParts.Sums) || (label.Pod is { } name && !isWanted(name)) : label.Key.Vip.IsNone || !takes.HasFlag(BlockParts.Backends))
            {
                reader.Values(span);
                reader.Values(span);
                reader.Values(span);
                continue;
            }

            var series = Of(isSum ? _sums : _series, label.Key);
            if (isSum)
                series.Describe(atMs, blockName, Before(label.Pod), After(label.Pod), label with { Pod = null });
            else
                series.Describe(atMs, blockName, reader.Namespace, reader.Name, label);
            bool isPresence = isSum && takes.HasFlag(BlockParts.Presence);
            reader.Values(span);
            Lay(series, 0, isPresence, span, places, ends);
            if (reader.Values(span))
                Lay(series, 1, isPresence, span, places, ends);
            if (reader.Values(span))
                Lay(series, 2, isPresence, span, places, ends);
        }
    }

    // The series of an address follow each other.
    private void LaySums(ref BlockReader reader, string blockName, long atMs, BlockParts takes, int[] values, scoped ReadOnlySpan<int> places, scoped ReadOnlySpan<int> ends)
    {
        int columns = reader.Columns;
        int[] sums = ArrayPool<int>.Shared.Rent(6 * columns);
        sums.AsSpan(0, 6 * columns).Clear();
        var span = values.AsSpan(0, columns);
        GroupKey vip = default;
        bool any = false;
        while (reader.TrySeries(out var label))
        {
            if (!label.Key.Vip.IsNone && label.Key with { Backend = default, Bport = 0 } is var next && next != vip)
            {
                Flush(vip, reader.Namespace, reader.Name, places, ends);
                vip = next;
            }

            var series = label.Key.Vip.IsNone || !takes.HasFlag(BlockParts.Backends) ? null : Of(_series, label.Key);
            series?.Describe(atMs, blockName, reader.Namespace, reader.Name, label);
            for (int row = 0; row < 3; row++)
            {
                bool has = reader.Values(span) || row == 0;
                if (label.Key.Vip.IsNone || !has)
                    continue;
                any = true;
                BlockSums.Add(span, sums.AsSpan(row * columns, columns));
                if (series is not null)
                    Lay(series, row, false, span, places, ends);
            }
        }

        Flush(vip, reader.Namespace, reader.Name, places, ends);
        // A node's block has all of it.
        if (any && takes.HasFlag(BlockParts.Total))
            LaySum(Of(_sums, default), "", "", sums.AsSpan(3 * columns, 3 * columns), places, ends);
        ArrayPool<int>.Shared.Return(sums);

        void Flush(in GroupKey key, string ns, string name, ReadOnlySpan<int> places, ReadOnlySpan<int> ends)
        {
            if (key == default)
                return;
            var own = sums.AsSpan(0, 3 * columns);
            LaySum(Of(_sums, key), ns, name, own, places, ends);
            BlockSums.Add(own, sums.AsSpan(3 * columns, 3 * columns));
            own.Clear();
        }

        void LaySum(StoredSeries series, string ns, string name, ReadOnlySpan<int> rows, ReadOnlySpan<int> places, ReadOnlySpan<int> ends)
        {
            series.Describe(atMs, blockName, ns, name, default);
            for (int row = 0; row < 3; row++)
                Lay(series, row, takes.HasFlag(BlockParts.Presence), rows.Slice(row * columns, columns), places, ends);
        }
    }

    /// <param name="row">0: entries, 1: closing, 2: stale.</param>
    private static void Lay(StoredSeries series, int row, bool isPresence, ReadOnlySpan<int> values, ReadOnlySpan<int> places, ReadOnlySpan<int> ends)
    {
        if (isPresence)
            series.Note(row == 0, values, places, ends);
        else
            SetMax(row == 0 ? series.Entries : row == 1 ? series.Closing : series.Stale, values, places, ends);
    }

    private StoredSeries Of(ConcurrentDictionary<GroupKey, StoredSeries> all, in GroupKey key) =>
        all.TryGetValue(key, out var series) ? series : all.GetOrAdd(key, new StoredSeries(key, columns));

    private static string Before(string? name) => name?[..Math.Max(0, name.IndexOf('/', StringComparison.Ordinal))] ?? "";

    private static string After(string? name) => name?[(name.IndexOf('/', StringComparison.Ordinal) + 1)..] ?? "";

    private static void SetMax(int[] row, ReadOnlySpan<int> values, ReadOnlySpan<int> places, ReadOnlySpan<int> ends)
    {
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
        foreach (var series in _series.Values.Concat(_sums.Values))
            series.Close(Known, blank, endColumn, _corrupt);
        Blank = blank;
    }

    /// <summary>Size of the rows; those without a value are shared.</summary>
    public long Bytes => columns * (sizeof(bool) + ((ResetOverflow.Length + 1L) * sizeof(int)) + (_series.Values.Concat(_sums.Values).Sum(series => series.Rows(Blank)) * sizeof(int)));

    /// <summary>A group without any report; shared by all that have no other.</summary>
    public int[] Blank { get; private set; } = [];

    /// <summary>A copy for a window that begins that many columns later; the new columns at its end are unknown.</summary>
    public StoredLanes Shifted(int by)
    {
        var later = new StoredLanes(fromMs + (by * stepMs), stepMs, columns) { Blank = Moved(Blank, by) };
        Array.Copy(Known, by, later.Known, 0, columns - by);
        Array.Copy(Resets, by * ResetOverflow.Length, later.Resets, 0, (columns - by) * ResetOverflow.Length);
        later.SumsAreUpperBounds = SumsAreUpperBounds;
        foreach (var series in _series.Values)
            later._series[series.Key] = series.Shifted(Later, columns, by);
        foreach (var sum in _sums.Values)
            later._sums[sum.Key] = sum.Shifted(Later, columns, by);
        return later;

        int[] Later(int[] row) => ReferenceEquals(row, Blank) ? later.Blank : Moved(row, by);
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

        public GroupKey Key { get; } = key;
        public string Namespace { get; private set; } = "";
        public string Name { get; private set; } = "";
        public string Block { get; private set; } = "";
        public string? Pod { get; private set; }
        public OwnerState Owner { get; private set; }
        public EntryState State { get; private set; }

        // Most groups never have the other values: then they cost no memory and no bytes in the response.
        private int[]? _entries;
        private int[]? _closing;
        private int[]? _stale;

        internal int[] Entries => Row(ref _entries);
        internal int[] Closing => Row(ref _closing);
        internal int[] Stale => Row(ref _stale);

        public int[] EntryColumns { get; private set; } = [];
        public int[] ClosingColumns { get; private set; } = [];
        public int[] StaleColumns { get; private set; } = [];

        // Only where presence was asked for.
        private ColumnRange _noted = ColumnRange.None;
        private ColumnRange _notedEntries = ColumnRange.None;

        /// <summary>Whether it had anything within some columns, and whether it had entries.</summary>
        public (bool Any, bool Entries) PresenceWithin((int From, int End) columns) => (_noted.Touches(columns), _notedEntries.Touches(columns));

        internal void Note(bool areEntries, ReadOnlySpan<int> values, ReadOnlySpan<int> places, ReadOnlySpan<int> ends)
        {
            var found = ColumnRange.None;
            for (int i = 0; i < values.Length; i++)
            {
                if (values[i] > 0 && places[i] < ends[i])
                    found = found.With(places[i], ends[i]);
            }

            if (found.IsNone)
                return;
            lock (_lock)
            {
                _noted = _noted.With(found.From, found.End);
                if (areEntries)
                    _notedEntries = _notedEntries.With(found.From, found.End);
            }
        }

        internal void Describe(long atMs, string block, string ns, string name, in SeriesLabel label)
        {
            lock (_lock)
            {
                if (atMs <= _describedMs)
                {
                    Pod ??= label.Pod;
                    return;
                }

                _describedMs = atMs;
                (Namespace, Name, Block, Owner, State, Pod) = (ns, name, block, label.Owner, label.State, label.Pod ?? Pod);
            }
        }

        internal long Rows(int[] blank) =>
            (ReferenceEquals(EntryColumns, blank) ? 0 : 1) + (ReferenceEquals(ClosingColumns, blank) ? 0 : 1) + (ReferenceEquals(StaleColumns, blank) ? 0 : 1);

        internal StoredSeries Shifted(Func<int[], int[]> moved, int columns, int by) => new(Key, columns)
        {
            _noted = _noted.Before(by), _notedEntries = _notedEntries.Before(by),
            Namespace = Namespace, Name = Name, Block = Block, Pod = Pod, Owner = Owner, State = State,
            EntryColumns = moved(EntryColumns), ClosingColumns = moved(ClosingColumns), StaleColumns = moved(StaleColumns),
        };

        internal void Close(bool[] known, int[] blank, int endColumn, List<(string Name, int From, int To)> corrupt)
        {
            EntryColumns = Closed(_entries, known, blank, endColumn);
            ClosingColumns = Closed(_closing, known, blank, endColumn);
            StaleColumns = Closed(_stale, known, blank, endColumn);
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

        private static int[] Closed(int[]? row, bool[] known, int[] blank, int endColumn)
        {
            if (row is null)
                return blank;
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

        // Several threads fill it, each its own columns.
        private int[] Row(ref int[]? row)
        {
            if (row is { } there)
                return there;
            int[] added = new int[columns];
            added.AsSpan().Fill(NotReported);
            return Interlocked.CompareExchange(ref row, added, null) ?? added;
        }
    }
}
