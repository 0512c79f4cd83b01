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

    // More than most groups need until they move to other pages anyway.
    private const int SpareBytes = 12;

    private byte[]? _page;
    private Step _first;
    private uint _lastAfterMs;
    private int _live;
    private int _closing;
    private int _start;
    private int _end;
    private int _limit;
    private int _count;

    public readonly Step Last => new(_first.AtMs + _lastAfterMs, _live, _closing);

    /// <summary>How many bytes it takes in other pages.</summary>
    public readonly int Needs => _page is null ? 0 : Sized(_end - _start);

    /// <summary>The steps until now.</summary>
    public readonly StepSlice Slice() => new(_page, _start, _end, _count, _first);

    /// <summary>Timestamps must not decrease.</summary>
    /// <param name="pages">Of the node.</param>
    public void Add(long atMs, int live, int closing, StepPages pages)
    {
        if ((_live, _closing) == (live, closing))
            return;
        if (_count == 0)
        {
            (_first, _lastAfterMs, _count) = (new Step(atMs, live, closing), 0, 1);
            (_live, _closing) = (live, closing);
            return;
        }

        var last = Last;
        atMs = Math.Max(atMs, last.AtMs);
        if (atMs - _first.AtMs > uint.MaxValue)
        {
            // What was weeks ago is not read any more; the value lasts until now.
            _first = last with { AtMs = atMs - uint.MaxValue };
            pages.Leave(_end - _start);
            (_start, _count, last) = (_end, 1, _first);
        }

        Span<byte> step = stackalloc byte[MaxStepBytes];
        int length = Varint.Write(step, (uint)(atMs - last.AtMs));
        length += Varint.Write(step[length..], Varint.ZigZag(live - (long)last.Live));
        length += Varint.Write(step[length..], Varint.ZigZag(closing - (long)last.Closing));
        if (_page is null || _end + length > _limit)
            Move(pages, length, pages);
        step[..length].CopyTo(_page.AsSpan(_end));
        _end += length;
        _count++;
        (_lastAfterMs, _live, _closing) = ((uint)(atMs - _first.AtMs), live, closing);
    }

    /// <summary>Removes everything before a moment, but keeps the value at that moment.</summary>
    /// <returns>True if only a zero remains.</returns>
    public bool Trim(long beforeMs, StepPages pages)
    {
        var steps = Slice().GetEnumerator();
        int drop = -1;
        int start = _start;
        var first = _first;
        while (steps.MoveNext() && (drop < 0 || steps.Current.AtMs <= beforeMs))
            (drop, start, first) = (drop + 1, steps.At, steps.Current);
        if (drop > 0)
        {
            pages.Leave(start - _start);
            _lastAfterMs -= (uint)(first.AtMs - _first.AtMs);
            (_start, _count, _first) = (start, _count - drop, first);
        }

        if (_page is not null && _start == _end)
            Drop(pages);
        return _count == 0 || (_count == 1 && (_live, _closing) == (0, 0) && _first.AtMs <= beforeMs);
    }

    /// <summary>Leaves its page.</summary>
    public void Drop(StepPages pages)
    {
        pages.Leave(_limit - _start);
        (_page, _start, _end, _limit) = (null, 0, 0, 0);
    }

    /// <summary>Moves to other pages.</summary>
    public void MoveTo(StepPages pages)
    {
        if (_page is not null)
            Move(pages, 0, null);
    }

    // Always other bytes: slices may refer to the old ones.
    private void Move(StepPages pages, int more, StepPages? left)
    {
        int used = _end - _start;
        int length = Sized(used + more);
        var (page, start) = pages.Take(length);
        _page.AsSpan(_start, used).CopyTo(page.AsSpan(start));
        left?.Leave(_limit - _start);
        (_page, _start, _end, _limit) = (page, start, start + used, start + length);
    }

    private static int Sized(int used) => used + (used / 8) + SpareBytes;
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
