using ConntrackConsole.Timeline.Model;

namespace ConntrackConsole.Timeline.Series;

/// <summary>
/// The samples of a window, a second apart, or one per column where columns are finer, and when each node's table was known. The nodes'
/// times are converted to the console's clock, in which states are classified: otherwise a node that is two seconds ahead would
/// show its entries as stale two seconds before the pod ended.
/// </summary>
internal sealed class WindowSamples
{
    private readonly TimelineQuery _query;
    private readonly long _stepMs;
    private readonly Coverage?[] _coverage;
    private readonly NodeHead?[] _heads;
    private readonly Func<NodeHead, bool> _hasEnded;
    private bool[]? _known;
    private int[]? _zeros;

    /// <param name="hasEnded">The node is no longer in the cluster: after its last frame its counts are zero, not unknown.</param>
    public WindowSamples(TimelineQuery query, long stepMs, NodeHead?[] heads, Func<NodeHead, bool> hasEnded)
    {
        (_query, _stepMs, _heads, _hasEnded) = (query, stepMs, heads, hasEnded);
        PerColumn = (int)Math.Max(1, stepMs / 1000);
        Count = query.Columns * PerColumn;
        _coverage = new Coverage?[heads.Length];
    }

    public int Count { get; }

    public int Columns => _query.Columns;

    public int PerColumn { get; }

    /// <summary>The end of the interval that a sample represents, by the console's clock.</summary>
    public long TimeOf(int sample) => _query.FromMs + ((sample + 1) * _stepMs / PerColumn);

    /// <summary>The first sample at or after a moment of the console's clock; <see cref="Count"/> if all are before it.</summary>
    public int At(long atMs)
    {
        if (atMs <= _query.FromMs)
            return 0;
        if (atMs >= _query.ToMs + _stepMs)
            return Count;
        long samples = (((atMs - _query.FromMs) * PerColumn) + _stepMs - 1) / _stepMs;
        return (int)Math.Min(samples - 1, Count);
    }

    /// <summary>By sample: whether any node, or the node of the query, reported its table.</summary>
    public bool[] Known => _known ??= AnyKnown();

    /// <summary>By column: 0 where <see cref="Known"/>, otherwise -1. Shared by all series without a value: do not write.</summary>
    public int[] Zeros => _zeros ??= ZerosOf(Known);

    /// <summary>The end of the column of a sample.</summary>
    public long ColumnEnd(int sample) => _query.FromMs + (((sample / PerColumn) + 1) * _stepMs);

    /// <summary>The node is no longer in the cluster.</summary>
    public bool HasEnded(NodeHead head) => _hasEnded(head);

    /// <summary>When a node's table was known; null if the query does not ask for the node.</summary>
    public Coverage? Of(int slot)
    {
        if (_heads[slot] is not { } head || (_query.Node is not null && head.Name != _query.Node))
            return null;
        return _coverage[slot] ??= CoverageOf(head);
    }

    // Apart: its lambda would make an object also where the coverage is known.
    private Coverage CoverageOf(NodeHead head) => new(
        head.ClockOffsetMs, _hasEnded(head),
        Array.ConvertAll(head.Known, known => new KnownSamples(At(known.FromMs + head.ClockOffsetMs), At(known.ToMs + head.ClockOffsetMs + 1), known.FromMs)));

    private bool[] AnyKnown()
    {
        int[] change = new int[Count + 1];
        foreach (var head in _heads)
        {
            if (head is null || (_query.Node is not null && head.Name != _query.Node))
                continue;
            foreach (var (fromMs, toMs) in head.Known)
            {
                change[At(fromMs + head.ClockOffsetMs)]++;
                change[At(toMs + head.ClockOffsetMs + 1)]--;
            }
        }

        bool[] any = new bool[Count];
        for (int sample = 0, nodes = 0; sample < Count; sample++)
            any[sample] = (nodes += change[sample]) > 0;
        return any;
    }

    private int[] ZerosOf(bool[] known)
    {
        int[] zeros = new int[Columns];
        for (int column = 0; column < Columns; column++)
            zeros[column] = known.AsSpan(column * PerColumn, PerColumn).Contains(true) ? 0 : -1;
        return zeros;
    }

    /// <param name="ClockOffsetMs">The console's clock minus the node's.</param>
    internal sealed record Coverage(int ClockOffsetMs, bool HasEnded, KnownSamples[] Known);

    /// <summary>From a sample to before another.</summary>
    /// <param name="FromMs">The beginning, by the node's clock.</param>
    internal readonly record struct KnownSamples(int From, int To, long FromMs);
}
