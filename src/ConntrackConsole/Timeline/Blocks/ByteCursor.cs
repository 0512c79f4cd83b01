using System.Buffers;
using System.Buffers.Binary;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Timeline.Blocks;

/// <summary>
/// Reads stored bytes without trusting them: after the first error every read returns zero and <see cref="Failed"/> stays true,
/// so that loops over counts terminate.
/// </summary>
internal ref struct ByteCursor(ReadOnlySpan<byte> bytes)
{
    private readonly ReadOnlySpan<byte> _bytes = bytes;
    private int _at;

    public bool Failed { get; private set; }

    public readonly int Left => _bytes.Length - _at;

    public readonly bool IsAtEnd => _at == _bytes.Length;

    public byte U8() => Take(1, out var span) ? span[0] : (byte)0;

    public ushort U16() => Take(2, out var span) ? BinaryPrimitives.ReadUInt16LittleEndian(span) : (ushort)0;

    public uint U32() => Take(4, out var span) ? BinaryPrimitives.ReadUInt32LittleEndian(span) : 0;

    public long I64() => Take(8, out var span) ? BinaryPrimitives.ReadInt64LittleEndian(span) : 0;

    /// <summary>A varint.</summary>
    public uint Number()
    {
        // Nearly all are small.
        if (_at < _bytes.Length && _bytes[_at] < 0x80)
            return _bytes[_at++];
        if (Varint.TryRead(_bytes[_at..], out uint value, out int consumed) != OperationStatus.Done)
        {
            Fail();
            return 0;
        }

        _at += consumed;
        return value;
    }

    /// <summary>A length of at most <paramref name="max"/>, and so many bytes.</summary>
    public ReadOnlySpan<byte> Bytes(int max)
    {
        uint length = Number();
        if (length <= (uint)max && Take((int)length, out var span))
            return span;
        Fail();
        return default;
    }

    /// <summary>A cursor over the next bytes, which this one skips.</summary>
    public ByteCursor Part(uint length) => new(Slice(length));

    /// <summary>The next bytes.</summary>
    public ReadOnlySpan<byte> Slice(uint length)
    {
        if (length <= int.MaxValue && Take((int)length, out var span))
            return span;
        Fail();
        return default;
    }

    public Ip Address()
    {
        byte length = U8();
        if (length == 0)
            return default;
        if (length is 4 or 16 && Take(length, out var span))
            return Ip.FromBytes(span);
        Fail();
        return default;
    }

    public bool Fail()
    {
        Failed = true;
        _at = _bytes.Length;
        return false;
    }

    private bool Take(int length, out ReadOnlySpan<byte> span)
    {
        span = default;
        if (_bytes.Length - _at < length)
            return Fail();
        span = _bytes.Slice(_at, length);
        _at += length;
        return true;
    }
}
