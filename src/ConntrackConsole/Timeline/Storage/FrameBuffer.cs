using System.Buffers;
using ConntrackConsole.Timeline.Blocks;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Timeline.Storage;

/// <param name="Run">When the collector that made it started: node, run and sequence identify the frame.</param>
/// <param name="Id">Its row; 0 if it comes from a pack.</param>
internal readonly record struct BufferedFrame(long Run, ulong Sequence, long AtMs, long ReceivedMs, long Id, int Offset, int Length);

/// <summary>Frames of one node in one reused buffer, and their packed form. Not thread-safe.</summary>
internal sealed class FrameBuffer
{
    private const byte Version = 1;

    private static readonly Comparison<BufferedFrame> Order = (a, b) => (a.Run, a.Sequence, a.Id).CompareTo((b.Run, b.Sequence, b.Id));

    private readonly List<BufferedFrame> _frames = [];
    private readonly ArrayBufferWriter<byte> _output = new(64 * 1024);
    private byte[] _bytes = new byte[64 * 1024];
    private byte[] _plain = new byte[64 * 1024];
    private int _length;

    public IReadOnlyList<BufferedFrame> Frames => _frames;

    public ReadOnlySpan<byte> Bytes(in BufferedFrame frame) => _bytes.AsSpan(frame.Offset, frame.Length);

    public void Clear()
    {
        _frames.Clear();
        _length = 0;
    }

    public void Add(long run, ulong sequence, long atMs, long receivedMs, long id, ReadOnlySpan<byte> bytes)
    {
        if (_bytes.Length - _length < bytes.Length)
            Array.Resize(ref _bytes, (_length + bytes.Length) * 2);
        bytes.CopyTo(_bytes.AsSpan(_length));
        _frames.Add(new BufferedFrame(run, sequence, atMs, receivedMs, id, _length, bytes.Length));
        _length += bytes.Length;
    }

    /// <summary>Into the order in which they were made, each once.</summary>
    /// <param name="keepFirst">How many at the start stay where they are.</param>
    public void Sort(int keepFirst = 0)
    {
        System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_frames)[keepFirst..].Sort(Order);
        int kept = keepFirst;
        for (int i = keepFirst; i < _frames.Count; i++)
        {
            if (kept == 0 || (_frames[kept - 1].Run, _frames[kept - 1].Sequence) != (_frames[i].Run, _frames[i].Sequence))
                _frames[kept++] = _frames[i];
        }

        _frames.RemoveRange(kept, _frames.Count - kept);
    }

    /// <summary>Removes all but the one with the highest timestamp before a moment, and those at or after it up to another.</summary>
    /// <param name="hadBefore">Whether the first remaining frame is from before.</param>
    public void Limit(long fromMs, long toMs, long notBeforeMs, out bool hadBefore)
    {
        BufferedFrame? before = null;
        int kept = 0;
        for (int i = 0; i < _frames.Count; i++)
        {
            var frame = _frames[i];
            if (frame.AtMs >= fromMs && frame.AtMs <= toMs)
                _frames[kept++] = frame;
            else if (frame.AtMs < fromMs && frame.AtMs >= notBeforeMs && (before is not { } last || last.AtMs < frame.AtMs))
                before = frame;
        }

        _frames.RemoveRange(kept, _frames.Count - kept);
        hadBefore = before is not null;
        if (before is { } first)
            _frames.Insert(0, first);
    }

    /// <summary>All frames as one packed value.</summary>
    public byte[] Pack()
    {
        _output.ResetWrittenCount();
        var output = new BinaryBufferWriter(_output);
        output.U8(Version);
        output.Varint((uint)_frames.Count);
        BufferedFrame last = default;
        foreach (var frame in _frames)
        {
            bool sameRun = last.Length > 0 && frame.Run == last.Run;
            // Everything that takes five bytes or more is rare: the first of a run, and clocks that jump.
            long sequences = (long)(frame.Sequence - last.Sequence), elapsedMs = frame.AtMs - last.AtMs, delayMs = frame.ReceivedMs - frame.AtMs;
            bool isSmall = sameRun && Fits(sequences) && Fits(elapsedMs) && Fits(delayMs);
            output.U8(isSmall ? (byte)1 : (byte)0);
            if (isSmall)
            {
                output.Varint(Varint.ZigZag(sequences));
                output.Varint(Varint.ZigZag(elapsedMs));
                output.Varint(Varint.ZigZag(delayMs));
            }
            else
            {
                foreach (long value in (ReadOnlySpan<long>)[frame.Run, (long)frame.Sequence, frame.AtMs, frame.ReceivedMs])
                {
                    output.U32((uint)value);
                    output.U32((uint)(value >> 32));
                }
            }

            output.Varint((uint)frame.Length);
            last = frame;
        }

        foreach (var frame in _frames)
            _output.Write(Bytes(frame));
        return BlockCodec.Pack(_output.WrittenSpan, quality: 4);

        static bool Fits(long value) => value is > int.MinValue / 4 and < int.MaxValue / 4;
    }

    /// <summary>Adds the frames of a packed value.</summary>
    /// <returns>False if it cannot be read; then none is added.</returns>
    public bool AddPacked(ReadOnlySpan<byte> packed)
    {
        if (!BlockCodec.TryUnpack(packed, ref _plain, out var plain))
            return false;
        int before = _frames.Count;
        var head = new ByteCursor(plain);
        if (head.U8() != Version)
            return false;
        uint count = head.Number();
        // Each takes at least five bytes.
        if (count > (uint)head.Left / 5)
            return false;
        BufferedFrame last = default;
        for (; count > 0 && !head.Failed; count--)
        {
            if (head.U8() != 0)
            {
                ulong sequence = last.Sequence + (ulong)Signed(ref head);
                long atMs = last.AtMs + Signed(ref head);
                last = new BufferedFrame(last.Run, sequence, atMs, atMs + Signed(ref head), 0, 0, 0);
            }
            else
            {
                last = new BufferedFrame(head.I64(), (ulong)head.I64(), head.I64(), head.I64(), 0, 0, 0);
            }

            last = last with { Length = (int)Math.Min(head.Number(), int.MaxValue) };
            _frames.Add(last);
        }

        for (int i = before; i < _frames.Count && !head.Failed; i++)
        {
            var frame = _frames[i];
            var bytes = head.Slice((uint)frame.Length);
            if (head.Failed)
                break;
            if (_bytes.Length - _length < bytes.Length)
                Array.Resize(ref _bytes, (_length + bytes.Length) * 2);
            bytes.CopyTo(_bytes.AsSpan(_length));
            _frames[i] = frame with { Offset = _length };
            _length += bytes.Length;
        }

        if (!head.Failed)
            return true;
        _frames.RemoveRange(before, _frames.Count - before);
        return false;

        static long Signed(ref ByteCursor cursor) => Varint.UnZigZag(cursor.Number());
    }
}
