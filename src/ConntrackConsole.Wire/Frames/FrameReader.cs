using System.Buffers;
using System.Buffers.Binary;
using ConntrackConsole.Kernel.Net;

namespace ConntrackConsole.Wire;

/// <summary>
/// Reads untrusted frame bytes. After the first error every read returns zero, so that loops over counts terminate and one check
/// at the end suffices.
/// </summary>
internal ref struct FrameReader(ReadOnlySpan<byte> bytes)
{
    private readonly ReadOnlySpan<byte> _bytes = bytes;
    private int _at;

    public string? Error { get; private set; }

    public readonly int Remaining => _bytes.Length - _at;

    public void Fail(string what)
    {
        Error ??= $"A bad frame: {what} at byte {_at} of {_bytes.Length}.";
        _at = _bytes.Length;
    }

    public byte U8() => Take(1, out var span) ? span[0] : (byte)0;

    public ushort U16() => Take(2, out var span) ? BinaryPrimitives.ReadUInt16LittleEndian(span) : (ushort)0;

    public uint U32() => Take(4, out var span) ? BinaryPrimitives.ReadUInt32LittleEndian(span) : 0;

    public ulong U64() => Take(8, out var span) ? BinaryPrimitives.ReadUInt64LittleEndian(span) : 0;

    public uint Count(int minimumEach)
    {
        uint count = U32();
        if (count <= (uint)(Remaining / minimumEach))
            return count;
        Fail($"a count of {count}, more than the bytes that are left can hold,");
        return 0;
    }

    public int I32() => (int)U32();

    public double F64() => Take(8, out var span) ? BinaryPrimitives.ReadDoubleLittleEndian(span) : 0;

    public string Text() => Take(U8(), out var span) ? System.Text.Encoding.UTF8.GetString(span) : "";

    /// <summary>A byte that is an enumeration value from <paramref name="first"/> to <paramref name="last"/>.</summary>
    public byte Member(byte first, byte last, string what)
    {
        byte value = U8();
        if (value < first || value > last)
            Fail($"{what} {value}, which this version does not know,");
        return value;
    }

    /// <summary>The bytes of the next section; false after the last.</summary>
    public bool TrySection(out byte tag, out ReadOnlySpan<byte> section)
    {
        tag = 0;
        section = default;
        if (Error is not null || Remaining == 0)
            return false;
        tag = U8();
        uint length = U32();
        if (length > (uint)Remaining)
        {
            Fail($"a section of {length} bytes, more than are left,");
            return false;
        }

        return Take((int)length, out section);
    }

    public uint Varint()
    {
        var status = Wire.Varint.TryRead(_bytes[_at..], out uint value, out int consumed);
        _at += consumed;
        if (status == OperationStatus.NeedMoreData)
            Fail("the end comes too early");
        else if (status == OperationStatus.InvalidData)
            Fail("a number of more than 32 bits");
        return value;
    }

    public bool TrySkip(byte mark)
    {
        if (_at >= _bytes.Length || _bytes[_at] != mark)
            return false;
        _at++;
        return true;
    }

    public Ip Address()
    {
        byte length = U8();
        if (length == 0)
            return default;
        if (length is not (4 or 16))
        {
            Fail($"an address of {length} bytes");
            return default;
        }

        return Take(length, out var span) ? Ip.FromBytes(span) : default;
    }

    private bool Take(int length, out ReadOnlySpan<byte> span)
    {
        if (Error is null && Remaining >= length)
        {
            span = _bytes.Slice(_at, length);
            _at += length;
            return true;
        }

        span = default;
        Fail("the end comes too early");
        return false;
    }
}
