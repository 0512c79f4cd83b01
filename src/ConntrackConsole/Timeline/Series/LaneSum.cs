using System.Runtime.CompilerServices;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Timeline.Series;

/// <summary>
/// The entries at one virtual address, summed over its backends and all nodes, second by second of the console's clock. Only changes
/// are added, at any second: a node may be late. So an answer costs as much as the sum has changes, however many nodes and backends
/// there are. Not thread-safe: the store of the timeline holds its lock.
/// </summary>
internal sealed class LaneSum
{
    // The newest minutes change all the time; older ones only by late frames.
    private const int OpenMinutes = 2;

    // Oldest first; only minutes with a change.
    private readonly List<Minute> _minutes = [];
    private SumChange _before;
    private long _fromSecond = long.MinValue;

    /// <summary>Size of the changes that are kept.</summary>
    public long Bytes { get; private set; }

    /// <summary>The second to which a moment of the console's clock belongs: it has the counts at its end.</summary>
    public static long SecondOf(long atMs) => Math.DivRem(atMs, 1_000) is var (second, rest) && rest > 0 ? second + 1 : second;

    /// <summary>Changes the sum from a second on; <see cref="long.MinValue"/> for all seconds.</summary>
    public void Add(long second, in SumChange change)
    {
        if (change == default)
            return;
        if (second < _fromSecond || second == long.MinValue)
            _before += change;
        else
            Add(At(second / Minute.Seconds), (int)(second % Minute.Seconds), change);
    }

    private void Add(Minute minute, int second, in SumChange change)
    {
        Bytes -= minute.Bytes;
        minute.Add(second, change);
        Bytes += minute.Bytes;
    }

    /// <summary>Forgets the seconds before one, but keeps the value at it.</summary>
    public void Trim(long second)
    {
        _fromSecond = Math.Max(_fromSecond, second / Minute.Seconds * Minute.Seconds);
        int gone = 0;
        for (; gone < _minutes.Count && _minutes[gone].Number * Minute.Seconds < _fromSecond; gone++)
        {
            _before += _minutes[gone].Total;
            Bytes -= _minutes[gone].Bytes;
        }

        _minutes.RemoveRange(0, gone);
    }

    /// <summary>The values of consecutive seconds.</summary>
    public void Read(long firstSecond, Span<SumChange> values)
    {
        var sum = _before;
        int at = 0;
        Span<SumChange> changes = stackalloc SumChange[Minute.Seconds];
        foreach (var minute in _minutes)
        {
            long start = (minute.Number * Minute.Seconds) - firstSecond;
            if (start >= values.Length)
                break;
            if (start + Minute.Seconds <= 0)
            {
                sum += minute.Total;
                continue;
            }

            minute.Read(changes);
            for (int second = 0; second < changes.Length; second++)
            {
                if (changes[second] == default)
                    continue;
                int index = (int)Math.Clamp(start + second, 0, values.Length);
                values[at..index].Fill(sum);
                (at, sum) = (index, sum + changes[second]);
            }
        }

        values[at..].Fill(sum);
    }

    /// <summary>What there was within some seconds, without their values: <see cref="SumPresence.Entries"/> ends the search.</summary>
    public SumPresence Presence(long firstSecond, long endSecond)
    {
        var sum = _before;
        var presence = SumPresence.None;
        Span<SumChange> changes = stackalloc SumChange[Minute.Seconds];
        foreach (var minute in _minutes)
        {
            long start = minute.Number * Minute.Seconds;
            if (start >= endSecond)
                break;
            if (start + Minute.Seconds <= firstSecond)
            {
                sum += minute.Total;
                continue;
            }

            if (start > firstSecond && (presence = Max(presence, sum)) == SumPresence.Entries)
                return presence;
            minute.Read(changes);
            for (int second = 0; second < changes.Length && start + second < endSecond; second++)
            {
                sum += changes[second];
                if (start + second >= firstSecond && (presence = Max(presence, sum)) == SumPresence.Entries)
                    return presence;
            }
        }

        return Max(presence, sum);
    }

    private static SumPresence Max(SumPresence presence, in SumChange sum) =>
        sum.Live > 0 ? SumPresence.Entries : sum != default && presence == SumPresence.None ? SumPresence.Other : presence;

    private Minute At(long number)
    {
        int at = _minutes.Count;
        while (at > 0 && _minutes[at - 1].Number > number)
            at--;
        if (at > 0 && _minutes[at - 1].Number == number)
            return _minutes[at - 1];
        var minute = new Minute(number);
        _minutes.Insert(at, minute);
        Bytes += minute.Bytes;
        for (int i = 0; i < _minutes.Count - OpenMinutes; i++)
        {
            Bytes -= _minutes[i].Bytes;
            _minutes[i].Pack();
            Bytes += _minutes[i].Bytes;
        }

        return minute;
    }

    /// <summary>The changes within a minute: while it is new an array, then some bytes.</summary>
    private sealed class Minute(long number)
    {
        public const int Seconds = 60;

        // The object with its place in the list, and an array.
        private const int OwnBytes = 88;

        private SumChange[]? _open;
        private byte[] _packed = [];

        public long Number => number;

        public int Bytes => OwnBytes + (_open is null ? _packed.Length : Seconds * Unsafe.SizeOf<SumChange>());

        public SumChange Total { get; private set; }

        public void Add(int second, in SumChange change)
        {
            if (_open is null)
            {
                var open = new SumChange[Seconds];
                Read(open);
                _open = open;
            }

            _open[second] += change;
            Total += change;
        }

        public void Read(Span<SumChange> changes)
        {
            if (_open is not null)
            {
                _open.CopyTo(changes);
                return;
            }

            changes.Clear();
            int second = -1;
            for (int at = 0; at < _packed.Length;)
            {
                uint gap = Next(ref at);
                second += (int)(gap >> 1) + 1;
                int live = (int)Varint.UnZigZag(Next(ref at)), closing = (int)Varint.UnZigZag(Next(ref at));
                changes[second] = new SumChange(live, closing, (gap & 1) == 0 ? 0 : (int)Varint.UnZigZag(Next(ref at)));
            }
        }

        public void Pack()
        {
            if (_open is null)
                return;
            Span<byte> bytes = stackalloc byte[Seconds * 4 * Varint.MaxLength];
            int length = 0;
            for (int second = 0, last = -1; second < Seconds; second++)
            {
                var (live, closing, doubt) = _open[second];
                if (_open[second] == default)
                    continue;
                length += Varint.Write(bytes[length..], (uint)((second - last - 1) << 1) | (doubt != 0 ? 1u : 0));
                length += Varint.Write(bytes[length..], Varint.ZigZag(live));
                length += Varint.Write(bytes[length..], Varint.ZigZag(closing));
                if (doubt != 0)
                    length += Varint.Write(bytes[length..], Varint.ZigZag(doubt));
                last = second;
            }

            (_packed, _open) = (bytes[..length].ToArray(), null);
        }

        // Written by Pack, therefore valid.
        private uint Next(ref int at)
        {
            Varint.TryRead(_packed.AsSpan(at), out uint value, out int consumed);
            at += consumed;
            return value;
        }
    }
}

/// <summary>What an address had within an interval.</summary>
internal enum SumPresence
{
    None,
    /// <summary>Only closing entries, or it is unknown.</summary>
    Other,
    /// <summary>Entries in live states.</summary>
    Entries,
}

/// <summary>A sum, or a change of it.</summary>
/// <param name="Live">Entries in live states.</param>
/// <param name="Closing">Entries in all other states.</param>
/// <param name="Doubt">How many nodes had entries and did not report: with any, the sum is unknown.</param>
internal readonly record struct SumChange(int Live, int Closing, int Doubt)
{
    public static SumChange operator +(in SumChange a, in SumChange b) => new(a.Live + b.Live, a.Closing + b.Closing, a.Doubt + b.Doubt);

    public static SumChange operator -(in SumChange a) => new(-a.Live, -a.Closing, -a.Doubt);
}
