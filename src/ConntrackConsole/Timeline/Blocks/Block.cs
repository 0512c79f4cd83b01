using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Wire;


namespace ConntrackConsole.Timeline.Blocks;

/// <summary>
/// An interval of stored history of one node, or of one Service over all nodes. Column i holds the value at AtMs + (i + 1) steps:
/// a frame is stamped with the end of its second.
/// </summary>
internal sealed class Block(int columns)
{
    public int Columns { get; } = columns;

    /// <summary>Namespace and name of the Service at the time; both empty for a node, and if the address had no name.</summary>
    public string Namespace { get; set; } = "";

    public string Name { get; set; } = "";

    /// <summary>The columns in which the node, or any node, reported its table.</summary>
    public bool[] Known { get; } = new bool[columns];

    public List<BlockSeries> Series { get; } = [];

    public List<BlockReset> Resets { get; } = [];

    // Of an earlier use: a node's block of a minute has 250 KB of values.
    private readonly Stack<BlockSeries> _spare = [];

    /// <summary>Adds a series with zero in every column.</summary>
    public BlockSeries Add(in SeriesLabel label)
    {
        if (_spare.TryPop(out var series))
            series.Clear();
        else
            series = new BlockSeries(label.Key, Columns);
        series.Label = label;
        Series.Add(series);
        return series;
    }

    /// <summary>Empties the block for reuse; its series are reused too.</summary>
    public void Clear()
    {
        (Namespace, Name) = ("", "");
        Known.AsSpan().Clear();
        foreach (var series in Series)
            _spare.Push(series);
        Series.Clear();
        Resets.Clear();
    }

    /// <summary>By column, kind and Service address.</summary>
    public static readonly Comparer<BlockReset> ResetOrder = Comparer<BlockReset>.Create((a, b) =>
        (a.Column, a.Kind, a.Vip, a.Vport).CompareTo((b.Column, b.Kind, b.Vip, b.Vport)));

    private static readonly Comparer<BlockSeries> SeriesOrder = Comparer<BlockSeries>.Create((a, b) =>
        (a.Key.Vip, a.Key.Vport, a.Key.Proto, a.Key.Backend, a.Key.Bport).CompareTo((b.Key.Vip, b.Key.Vport, b.Key.Proto, b.Key.Backend, b.Key.Bport)));

    /// <summary>
    /// Sorts the content into the one order that is stored: the bytes do not depend on when, or how late, data was merged into
    /// the block.
    /// </summary>
    public void Normalize()
    {
        RemoveEmpty();
        Series.Sort(SeriesOrder);
        Resets.Sort(ResetOrder);
    }

    /// <summary>Removes the series without any value; they are reused later.</summary>
    public void RemoveEmpty()
    {
        int kept = 0;
        for (int i = 0; i < Series.Count; i++)
        {
            var series = Series[i];
            if (IsEmpty(series))
                _spare.Push(series);
            else
                Series[kept++] = series;
        }

        Series.RemoveRange(kept, Series.Count - kept);
    }

    private static bool IsEmpty(BlockSeries series) =>
        !series.Entries.AsSpan().ContainsAnyExcept(0) && !series.Closing.AsSpan().ContainsAnyExcept(0) && !series.Stale.AsSpan().ContainsAnyExcept(0);
}

/// <summary>One group in a block. A value is -1 where it is unknown although others are known.</summary>
internal sealed class BlockSeries(GroupKey key, int columns)
{
    public GroupKey Key { get; private set; } = key;

    /// <summary>namespace/name of the pod that owned the address then.</summary>
    public string? Pod { get; set; }

    public OwnerState Owner { get; set; }

    public EntryState State { get; set; }

    public SeriesLabel Label
    {
        get => new(Key, Pod, Owner, State);
        set => (Key, Pod, Owner, State) = value;
    }

    public int[] Entries { get; } = new int[columns];

    public int[] Closing { get; } = new int[columns];

    public int[] Stale { get; } = new int[columns];

    public void Clear()
    {
        Array.Clear(Entries);
        Array.Clear(Closing);
        Array.Clear(Stale);
    }
}

/// <param name="Vip">None if no flow was found.</param>
internal readonly record struct BlockReset(int Column, ResetKind Kind, int Count, Ip Vip, ushort Vport);
