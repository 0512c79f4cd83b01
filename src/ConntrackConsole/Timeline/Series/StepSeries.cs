using ConntrackConsole.Wire;

namespace ConntrackConsole.Timeline.Series;

/// <summary>
/// Entries of one group on one node over time, stored only where they changed, about four bytes a change: an idle group costs
/// nothing. One writer; a <see cref="Slice"/> stays valid while more is added, because bytes that it refers to are never written
/// again.
/// </summary>
internal struct StepSeries
{
    // Three varints.
    private const int MaxStepBytes = 3 * Varint.MaxLength;

    private byte[]? _bytes;
    private int _start;
    private int _end;
    private int _count;
    private Step _first;
    private Step _last;

    public readonly Step Last => _last;

    /// <summary>Size of the buffer, for the memory that the store may use.</summary>
    public readonly int Bytes => _bytes?.Length ?? 0;

    /// <summary>The steps until now.</summary>
    public readonly StepSlice Slice() => new(_bytes, _start, _end, _count, _first);

    /// <summary>Timestamps must not decrease.</summary>
    public void Add(long atMs, int live, int closing)
    {
        if ((_last.Live, _last.Closing) == (live, closing))
            return;
        if (_count == 0)
        {
            (_first, _last, _count) = (new Step(atMs, live, closing), new Step(atMs, live, closing), 1);
            return;
        }

        atMs = Math.Max(atMs, _last.AtMs);
        if (atMs - _last.AtMs > uint.MaxValue)
        {
            // What was weeks ago is not read any more; the value lasts until now.
            _first = _last = _last with { AtMs = atMs - uint.MaxValue };
            (_start, _count) = (_end, 1);
        }

        Reserve();
        var free = _bytes.AsSpan(_end);
        int length = Varint.Write(free, (uint)(atMs - _last.AtMs));
        length += Varint.Write(free[length..], Varint.ZigZag(live - (long)_last.Live));
        length += Varint.Write(free[length..], Varint.ZigZag(closing - (long)_last.Closing));
        _end += length;
        _count++;
        _last = new Step(atMs, live, closing);
    }

    /// <summary>Removes everything before a moment, but keeps the value at that moment.</summary>
    /// <returns>True if only a zero remains.</returns>
    public bool Trim(long beforeMs)
    {
        var steps = Slice().GetEnumerator();
        int drop = -1;
        int start = _start;
        var first = _first;
        while (steps.MoveNext() && (drop < 0 || steps.Current.AtMs <= beforeMs))
            (drop, start, first) = (drop + 1, steps.At, steps.Current);
        if (drop > 0)
            (_start, _count, _first) = (start, _count - drop, first);
        if (_start == _end)
            (_bytes, _start, _end) = (null, 0, 0);
        else if ((_end - _start) * 2 < _bytes!.Length && _bytes.Length > 4 * MaxStepBytes)
            Renew();
        return _count == 0 || (_count == 1 && (_last.Live, _last.Closing) == (0, 0) && _first.AtMs <= beforeMs);
    }

    private void Reserve()
    {
        if (_bytes is null || _end + MaxStepBytes > _bytes.Length)
            Renew();
    }

    // Always a new buffer: slices may refer to the old one.
    private void Renew()
    {
        int used = _end - _start;
        byte[] larger = new byte[used + (used / 4) + (2 * MaxStepBytes)];
        _bytes.AsSpan(_start, used).CopyTo(larger);
        (_bytes, _start, _end) = (larger, 0, used);
    }
}

/// <summary>The counts from a moment on.</summary>
/// <param name="AtMs">By the node's clock.</param>
/// <param name="Live">Entries in live states.</param>
/// <param name="Closing">Entries in all other states.</param>
internal readonly record struct Step(long AtMs, int Live, int Closing);

/// <summary>An immutable part of a <see cref="StepSeries"/>.</summary>
internal readonly struct StepSlice(byte[]? bytes, int start, int end, int count, Step first)
{
    public int Count => count;

    public Enumerator GetEnumerator() => new(bytes, start, end, count, first);

    public struct Enumerator(byte[]? bytes, int start, int end, int count, Step first)
    {
        private bool _begun;
        private int _at = start;
        private Step _current = first;

        public readonly Step Current => _current;

        /// <summary>Where the step after the current one begins.</summary>
        public readonly int At => _at;

        public bool MoveNext()
        {
            if (!_begun)
            {
                _begun = true;
                return count > 0;
            }

            if (_at >= end)
                return false;
            long atMs = _current.AtMs + Next();
            int live = _current.Live + (int)Varint.UnZigZag(Next());
            _current = new Step(atMs, live, _current.Closing + (int)Varint.UnZigZag(Next()));
            return true;
        }

        // Written by StepSeries itself, therefore valid.
        private uint Next()
        {
            uint value = 0;
            for (int shift = 0; ; shift += 7)
            {
                byte next = bytes![_at++];
                value |= (uint)(next & 0x7F) << shift;
                if (next < 0x80)
                    return value;
            }
        }
    }
}
