using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using ConntrackConsole.Kernel.Net;

namespace ConntrackConsole.Wire;

/// <summary>
/// Writes little-endian numbers, varints, addresses and texts into a growing buffer. Frames have their own, faster writer.
/// </summary>
/// <param name="output">Target of the bytes.</param>
internal readonly struct BinaryBufferWriter(IBufferWriter<byte> output)
{
    /// <summary>One byte.</summary>
    public void U8(byte value)
    {
        output.GetSpan(1)[0] = value;
        output.Advance(1);
    }

    /// <summary>Two bytes.</summary>
    public void U16(ushort value)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(output.GetSpan(2), value);
        output.Advance(2);
    }

    /// <summary>Four bytes.</summary>
    public void U32(uint value)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(output.GetSpan(4), value);
        output.Advance(4);
    }

    /// <summary>Eight bytes, IEEE 754.</summary>
    public void F64(double value)
    {
        BinaryPrimitives.WriteDoubleLittleEndian(output.GetSpan(8), value);
        output.Advance(8);
    }

    /// <summary>One to five bytes.</summary>
    public void Varint(uint value) => output.Advance(Wire.Varint.Write(output.GetSpan(Wire.Varint.MaxLength), value));

    /// <summary>A length byte (0, 4 or 16) and the bytes of the address.</summary>
    public void Address(Ip ip)
    {
        var span = output.GetSpan(17);
        span[0] = (byte)ip.Length;
        output.Advance(1 + ip.WriteBytes(span[1..]));
    }

    /// <summary>The length as a varint, and UTF-8.</summary>
    public void Text(string value)
    {
        int length = Encoding.UTF8.GetByteCount(value);
        Varint((uint)length);
        Encoding.UTF8.GetBytes(value, output.GetSpan(length));
        output.Advance(length);
    }

    /// <summary>
    /// As <see cref="Text(string)"/> with at most <paramref name="maxLength"/> bytes of UTF-8; a longer text is truncated at a
    /// character boundary.
    /// </summary>
    public void Text(string value, int maxLength)
    {
        if (Encoding.UTF8.GetMaxByteCount(value.Length) <= maxLength || Encoding.UTF8.GetByteCount(value) <= maxLength)
        {
            Text(value);
            return;
        }

        byte[] utf8 = new byte[maxLength];
        Encoding.UTF8.GetEncoder().Convert(value, utf8, flush: true, out _, out int used, out _);
        Varint((uint)used);
        output.Write(utf8.AsSpan(0, used));
    }
}
