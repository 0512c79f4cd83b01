using System.Buffers;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Timeline.Series;

namespace ConntrackConsole.Timeline.Live;

/// <summary>
/// The sums of a window's lanes. Of the whole cluster they are kept ready (<see cref="LaneSum"/>), up to the last second of which every
/// reporting node has sent a frame; of one node its groups are added up.
/// </summary>
internal sealed class SumReader : IDisposable
{
    private readonly TimelineSnapshot _snapshot;
    private readonly WindowSamples _samples;
    private readonly ColumnAggregator _columns;
    private readonly SumChange[] _seconds;
    private readonly SumChange[] _values;
    private readonly int[] _stale;
    private readonly long _firstSecond;
    private readonly int _secondCount;
    private readonly AbsentNode[]? _absent;
    private readonly long _reportedSecond = long.MaxValue;
    private readonly SumChange[] _total;
    private readonly int[] _totalStale;

    public SumReader(TimelineSnapshot snapshot, WindowSamples samples, ColumnAggregator columns, string? node)
    {
        (_snapshot, _samples, _columns) = (snapshot, samples, columns);
        _firstSecond = samples.TimeOf(0) / 1_000;
        _secondCount = (int)((samples.TimeOf(samples.Count - 1) / 1_000) - _firstSecond) + 1;
        (_values, _stale, _total, _totalStale) = (Rent<SumChange>(samples.Count), Rent<int>(samples.Count), Rent<SumChange>(samples.Count), Rent<int>(samples.Count));
        _seconds = Rent<SumChange>(_secondCount);
        if (node is not null)
            return;
        long newestMs = long.MinValue;
        foreach (var head in snapshot.Heads)
            newestMs = Math.Max(newestMs, LastMs(head));
        for (int slot = 0; slot < snapshot.Heads.Length; slot++)
        {
            if (snapshot.Heads[slot] is not { Known.Length: > 0 } head)
                continue;
            // While the console itself is late, all nodes are.
            bool hasEnded = samples.HasEnded(head);
            if (!hasEnded && newestMs - LastMs(head) <= NodeTimeline.SilentMs)
            {
                _reportedSecond = Math.Min(_reportedSecond, LastMs(head) / 1_000);
                continue;
            }

            _absent ??= new AbsentNode[snapshot.Heads.Length];
            _absent[slot] = new AbsentNode(LaneSum.SecondOf(LastMs(head) + 1), hasEnded);
        }
    }

    /// <summary>Reads the sum of an address; <see cref="AddStale"/>, then <see cref="Take"/>.</summary>
    /// <param name="groups">Of one node's window: the groups with their series.</param>
    /// <returns>False if it had no entries.</returns>
    public bool Read(in VirtualAddress vip, IReadOnlyList<CapturedGroup>? groups)
    {
        _stale.AsSpan(0, _samples.Count).Clear();
        if (groups is not null)
        {
            _columns.Clear();
            foreach (var member in groups.SelectMany(group => group.Members))
            {
                if (_samples.Of(member.Slot) is { } node)
                    _columns.Add(node, member.Steps);
            }

            _columns.CopyTo(_values);
            return _columns.HasAny;
        }

        var seconds = _seconds.AsSpan(0, _secondCount);
        _snapshot.ReadSum(vip, _firstSecond, seconds);
        if (_absent is not null)
            _snapshot.AddAbsent(vip, _absent, _firstSecond, seconds);
        bool any = false;
        for (int i = 0; i < seconds.Length; i++)
        {
            ref var value = ref seconds[i];
            // Of an address without entries nothing is missing.
            if (_firstSecond + i > _reportedSecond && value.Live + value.Closing > 0)
                value = value with { Doubt = value.Doubt + 1 };
            any |= value != default;
        }

        if (any)
        {
            for (int sample = 0; sample < _samples.Count; sample++)
                _values[sample] = seconds[(int)((_samples.TimeOf(sample) / 1_000) - _firstSecond)];
        }

        return any;
    }

    /// <summary>Adds a backend with entries that led astray at a time.</summary>
    public void AddStale(CapturedGroup group, IReadOnlyList<(long AtMs, EntryState State)> states)
    {
        _columns.Clear();
        foreach (var member in group.Members)
        {
            if (_samples.Of(member.Slot) is { } node)
                _columns.Add(node, member.Steps);
        }

        _columns.AddStaleTo(_stale, states);
    }

    /// <summary>The columns of what was read, which then counts for <see cref="Total"/>.</summary>
    public LaneSums Take(in VipAssignment assignment)
    {
        bool[] known = _samples.Known;
        for (int sample = 0; sample < _samples.Count; sample++)
        {
            // As a column: it belongs to the Service that has the address at its end.
            if (!assignment.IsWhole && !(_samples.ColumnEnd(sample) is var atMs && atMs > assignment.FromMs && atMs <= assignment.ToMs))
                continue;
            _total[sample] += _values[sample];
            _totalStale[sample] += _stale[sample];
        }

        return Reduce(_values, _stale, known);
    }

    public LaneSums Total() => Reduce(_total, _totalStale, _samples.Known);

    public void Dispose()
    {
        foreach (var sums in (ReadOnlySpan<SumChange[]>)[_seconds, _values, _total])
            ArrayPool<SumChange>.Shared.Return(sums);
        ArrayPool<int>.Shared.Return(_stale);
        ArrayPool<int>.Shared.Return(_totalStale);
    }

    private static T[] Rent<T>(int length)
    {
        var rented = ArrayPool<T>.Shared.Rent(length);
        rented.AsSpan().Clear();
        return rented;
    }

    private LaneSums Reduce(SumChange[] values, int[] staleValues, bool[] known)
    {
        int[] entries = new int[_samples.Columns];
        int[]? closing = null, stale = null;
        for (int column = 0, sample = 0; column < entries.Length; column++)
        {
            int max = -1, maxClosing = -1, maxStale = -1;
            bool anyKnown = false;
            for (int end = sample + _samples.PerColumn; sample < end; sample++)
            {
                ref readonly var value = ref values[sample];
                anyKnown |= known[sample];
                if (!known[sample] || value.Doubt > 0)
                    continue;
                max = Math.Max(max, value.Live);
                maxClosing = Math.Max(maxClosing, value.Closing);
                // A node may have reported a group after the sum was read.
                maxStale = Math.Max(maxStale, Math.Min(staleValues[sample], value.Live));
            }

            entries[column] = max;
            // Zero where anything is known, as the shared array.
            Put(ref closing, column, maxClosing, anyKnown);
            Put(ref stale, column, maxStale, anyKnown);
        }

        return new LaneSums(entries, closing ?? _samples.Zeros, stale ?? _samples.Zeros);
    }

    private void Put(ref int[]? columns, int column, int value, bool anyKnown)
    {
        if (columns is null && (value > 0 || (value < 0 && anyKnown)))
            columns = [.. _samples.Zeros];
        if (columns is not null)
            columns[column] = value;
    }

    private static long LastMs(NodeHead? head) => head is { Known: [.., var last] } ? last.ToMs + head.ClockOffsetMs : long.MinValue;
}

/// <summary>A node without reports from a second on; 0 for one that reports.</summary>
/// <param name="HasEnded">It left the cluster: its counts are zero from then on. Otherwise they are unknown.</param>
internal readonly record struct AbsentNode(long FromSecond, bool HasEnded);
