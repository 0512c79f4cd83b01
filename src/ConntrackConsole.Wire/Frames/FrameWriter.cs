using System.Buffers.Binary;
using ConntrackConsole.Kernel.Net;

namespace ConntrackConsole.Wire;

/// <summary>Writes little-endian numbers, varints and addresses into a span that must be large enough.</summary>
internal ref struct FrameWriter(Span<byte> span)
{
    private readonly Span<byte> _span = span;

    public int Length { get; private set; }

    public void U8(byte value) => _span[Length++] = value;

    public void U16(ushort value)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(_span[Length..], value);
        Length += 2;
    }

    public void U32(uint value)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(_span[Length..], value);
        Length += 4;
    }

    public void U64(ulong value)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(_span[Length..], value);
        Length += 8;
    }

    public void Varint(uint value) => Length += Wire.Varint.Write(_span[Length..], value);

    public void I32(int value) => U32((uint)value);

    public void F64(double value)
    {
        BinaryPrimitives.WriteDoubleLittleEndian(_span[Length..], value);
        Length += 8;
    }

    /// <summary>At most 255 bytes of UTF-8; a longer text is truncated.</summary>
    public void Text(string value)
    {
        var place = _span.Slice(Length + 1, 255);
        System.Text.Encoding.UTF8.GetEncoder().Convert(value, place, flush: true, out _, out int used, out _);
        U8((byte)used);
        Length += used;
    }

    /// <summary>Opens a section.</summary>
    /// <returns>The argument for <see cref="EndSection"/>.</returns>
    public int BeginSection(byte tag)
    {
        U8(tag);
        int at = Length;
        U32(0);
        return at;
    }

    public readonly void EndSection(int at) => BinaryPrimitives.WriteUInt32LittleEndian(_span[at..], (uint)(Length - at - 4));

    public void Address(Ip ip)
    {
        U8((byte)ip.Length);
        Length += ip.WriteBytes(_span[Length..]);
    }
}
