using System.Buffers.Binary;

namespace ConntrackConsole.Kernel.Resets;

/// <summary>Layout of a page's header, from <c>events/header_page</c>.</summary>
/// <param name="Timestamp">Offset of the 64-bit time.</param>
/// <param name="Commit">Offset of the word with the length of the data and the loss flags.</param>
/// <param name="Data">Offset of the first record.</param>
/// <param name="WordSize">Size of the kernel's long: 4 or 8.</param>
internal readonly record struct TracePageLayout(int Timestamp, int Commit, int Data, int WordSize)
{
    /// <summary>Reads the layout from the parsed header_page file.</summary>
    public static bool TryCreate(TraceFormat format, out TracePageLayout layout)
    {
        ArgumentNullException.ThrowIfNull(format);
        layout = default;
        if (!format.TryField("timestamp", 8, out var timestamp) || !format.TryField("commit", 4, out var commit)
            || !format.TryField("data", 1, out var data))
        {
            return false;
        }

        layout = new TracePageLayout(timestamp.Offset, commit.Offset, data.Offset, commit.Size);
        return commit.Size is 4 or 8;
    }
}

/// <summary>
/// Enumerates the records of one page of the kernel's trace ring buffer as read from <c>trace_pipe_raw</c>
/// (include/linux/ring_buffer.h: enum ring_buffer_type). Little-endian machines only.
/// </summary>
internal ref struct TracePage
{
    // kernel/trace/ring_buffer.c: RB_MISSED_EVENTS, RB_MISSED_STORED; the length is below them.
    private const uint MissedEvents = 1u << 31;
    private const uint MissedStored = 1u << 30;
    private const uint LengthMask = (1u << 20) - 1;

    private const uint Padding = 29;
    private const uint TimeExtend = 30;
    private const uint TimeStamp = 31;

    // An absolute timestamp has 59 bits; the rest is that of the timestamps before it.
    private const ulong AbsoluteMask = (1UL << 59) - 1;

    private readonly ReadOnlySpan<byte> _data;
    private int _at;

    /// <summary>Reads the page's header.</summary>
    public TracePage(ReadOnlySpan<byte> page, TracePageLayout layout)
    {
        if (page.Length < layout.Data || page.Length < layout.Timestamp + 8 || page.Length < layout.Commit + 4)
        {
            IsDamaged = true;
            return;
        }

        Timestamp = BinaryPrimitives.ReadUInt64LittleEndian(page[layout.Timestamp..]);
        uint commit = BinaryPrimitives.ReadUInt32LittleEndian(page[layout.Commit..]);
        int length = (int)(commit & LengthMask);
        var rest = page[layout.Data..];
        if (length > rest.Length)
        {
            IsDamaged = true;
            return;
        }

        _data = rest[..length];
        if ((commit & MissedEvents) == 0)
            return;
        // The number follows the data if the page had space for it; otherwise something was lost and the number is unknown.
        Lost = 1;
        if ((commit & MissedStored) != 0 && rest.Length - length >= layout.WordSize)
        {
            ulong stored = layout.WordSize == 8
                ? BinaryPrimitives.ReadUInt64LittleEndian(rest[length..])
                : BinaryPrimitives.ReadUInt32LittleEndian(rest[length..]);
            Lost = (long)Math.Clamp(stored, 1, uint.MaxValue);
        }
    }

    /// <summary>Records that were overwritten before this page; 1 if the kernel did not report the number.</summary>
    public long Lost { get; }

    /// <summary>True if the bytes are not a page, or are damaged from some record on: what follows is unknown.</summary>
    public bool IsDamaged { get; private set; }

    /// <summary>Time of the current record in nanoseconds of the trace clock.</summary>
    public ulong Timestamp { get; private set; }

    /// <summary>The current record, from its common_type field on.</summary>
    public ReadOnlySpan<byte> Record { get; private set; }

    /// <summary>Moves to the next record; false at the end and if the page is damaged.</summary>
    public bool MoveNext()
    {
        while (_at < _data.Length)
        {
            if (!TryWord(_at, out uint header))
                return false;
            uint kind = header & 31;
            uint delta = header >> 5;
            if (kind is >= 1 and < Padding)
            {
                Timestamp += delta;
                return TryTake(_at + 4, (long)kind * 4);
            }

            if (kind == Padding && delta == 0)
                break; // the rest of the page is empty
            if (!TryWord(_at + 4, out uint second))
                return false;
            switch (kind)
            {
                case 0: // a long record: its length, this word included, in the second word
                    Timestamp += delta;
                    return TryTake(_at + 8, second - 4L);
                case Padding: // a record that its writer discarded
                    Timestamp += delta;
                    if (!TrySkip(4L + second))
                        return false;
                    break;
                case TimeExtend:
                    Timestamp += ((ulong)second << 27) + delta;
                    _at += 8;
                    break;
                case TimeStamp:
                    Timestamp = (Timestamp & ~AbsoluteMask) | (((ulong)second << 27) + delta);
                    _at += 8;
                    break;
            }
        }

        Record = default;
        return false;
    }

    private bool TryWord(int at, out uint word)
    {
        if (_data.Length - at >= 4)
        {
            word = BinaryPrimitives.ReadUInt32LittleEndian(_data[at..]);
            return true;
        }

        word = 0;
        return Fail();
    }

    private bool TryTake(int from, long length)
    {
        if (length < 0 || length > _data.Length - from)
            return Fail();
        Record = _data.Slice(from, (int)length);
        // Records are aligned to 4 bytes; a long one may have an unaligned length.
        _at = from + (((int)length + 3) & ~3);
        return true;
    }

    private bool TrySkip(long length)
    {
        if (length > _data.Length - _at)
            return Fail();
        _at += (int)length;
        return true;
    }

    private bool Fail()
    {
        IsDamaged = true;
        Record = default;
        _at = _data.Length;
        return false;
    }
}
