using ConntrackConsole.Cluster.State;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Timeline.Series;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Timeline.Live;

/// <summary>
/// Extends the columns of a live window instead of computing them again: those before the earliest change since the last answer are moved, and
/// only the rest, the tail, is aggregated. An address that changed in the cluster is computed as a whole, and so is everything once a minute.
/// </summary>
internal sealed class WindowExtension
{
    private const long WholeMs = 60_000;

    private readonly KeptWindows _windows;
    private readonly AddressStamps _stamps;
    private readonly TimelineQuery _shape;
    private readonly Dictionary<GroupKey, KeptGroup> _next = [];
    private readonly Dictionary<GroupKey, long> _stampsOf = [];
    private readonly TimelineQuery _query;
    private readonly long _snapshot;
    private readonly long _nowMs;
    private readonly KeptColumns? _former;
    private readonly int _moved;
    private readonly int _tailColumn;
    private readonly WindowSamples? _tail;

    private WindowExtension(
        KeptWindows windows, TimelineSnapshot snapshot, AddressStamps stamps, TimelineQuery query, long stepMs, long nowMs, Func<TimelineQuery, WindowSamples> samples)
    {
        (_windows, _stamps, _query, _snapshot, _nowMs) = (windows, stamps, query, snapshot.Number, nowMs);
        _shape = KeptWindows.ShapeOf(query);
        if (windows.Of(_shape) is not { } former || nowMs - former.DerivedMs is < 0 or >= WholeMs || former.Snapshot > snapshot.Number)
            return;
        long movedMs = query.FromMs - former.FromMs;
        if (movedMs < 0 || movedMs % stepMs != 0 || movedMs / stepMs >= query.Columns)
            return;
        long changedMs = Math.Min(snapshot.ChangedSince(former.Snapshot), query.ToMs - movedMs);
        int column = changedMs <= query.FromMs ? 0 : (int)Math.Min(query.Columns - 1, (changedMs - query.FromMs) / stepMs);
        // Otherwise there is little to keep.
        if (column * 2 < query.Columns)
            return;
        (_former, _moved, _tailColumn, TailFromMs) = (former, (int)(movedMs / stepMs), column, query.FromMs + (column * stepMs));
        _tail = samples(query with { FromMs = TailFromMs, Columns = query.Columns - column });
        Columns = new ColumnAggregator(_tail);
        windows.CountExtended();
    }

    /// <summary>The samples of the tail; only with a <see cref="Former"/>.</summary>
    public WindowSamples Tail => _tail!;

    /// <summary>Adds up the tail.</summary>
    public ColumnAggregator Columns { get; } = null!;

    public long TailFromMs { get; }

    public static WindowExtension Begin(
        KeptWindows windows, TimelineSnapshot snapshot, AddressStamps stamps, TimelineQuery query, long stepMs, long nowMs, Func<TimelineQuery, WindowSamples> samples) =>
        new(windows, snapshot, stamps, query, stepMs, nowMs, samples);

    /// <summary>The columns of a group as they were; null if they must be computed as a whole. Call it before anything else of the group is read.</summary>
    public KeptGroup? Former(in GroupKey key)
    {
        long stamp = _stampsOf[key] = _stamps.Of(key.Backend);
        return _former is not null && _former.Groups.TryGetValue(key, out var kept) && kept.Stamp == stamp ? kept : null;
    }

    /// <summary>The columns of a group, which are kept for the next answer.</summary>
    /// <param name="last">After the last sample with anything, of the tail or of the whole.</param>
    public (int[] Entries, int[] Closing, int[] Stale) Extend(
        in GroupKey key, KeptGroup? former, int last, int[] entries, int[] closing, int[] stale, WindowSamples whole)
    {
        long lastMs = last > 0 ? (former is null ? whole : Tail).TimeOf(last - 1) : former?.LastMs ?? 0;
        if (former is not null)
            (entries, closing, stale) = (Joined(former.Entries, entries, whole), Joined(former.Closing, closing, whole), Joined(former.Stale, stale, whole));
        _next[key] = new KeptGroup(_stampsOf[key], entries, closing, stale, lastMs);
        return (entries, closing, stale);
    }

    /// <summary>The answer is complete.</summary>
    public void Keep(WindowSamples whole) => _windows.Keep(
        _shape, new KeptColumns(_snapshot, _query.FromMs, _former?.DerivedMs ?? _nowMs, _nowMs, whole.Zeros, _next));

    private int[] Joined(int[] former, int[] tail, WindowSamples whole)
    {
        if (ReferenceEquals(former, _former!.Zeros) && ReferenceEquals(tail, Tail.Zeros))
            return whole.Zeros;
        if (_moved == 0 && former.AsSpan(_tailColumn).SequenceEqual(tail))
            return former;
        int[] row = new int[_query.Columns];
        former.AsSpan(_moved, _tailColumn).CopyTo(row);
        tail.CopyTo(row.AsSpan(_tailColumn));
        return row;
    }
}
