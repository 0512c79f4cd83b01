using System.Buffers;

namespace ConntrackConsole.Wire;

/// <summary>
/// Unsigned 32-bit numbers in LEB128: seven bits per byte, least significant first; the high bit is set if another byte follows.
/// </summary>
internal static class Varint
{
    /// <summary>Maximum number of bytes.</summary>
    public const int MaxLength = 5;

    /// <summary>Writes a number.</summary>
    /// <param name="destination">At least <see cref="MaxLength"/> bytes, or as many as the number takes.</param>
    /// <param name="value">The number.</param>
    /// <returns>How many bytes were written.</returns>
    public static int Write(Span<byte> destination, uint value)
    {
        int length = 0;
        for (; value >= 0x80; value >>= 7)
            destination[length++] = (byte)(value | 0x80);
        destination[length++] = (byte)value;
        return length;
    }

    /// <summary>Reads the number at the start of untrusted bytes.</summary>
    /// <param name="source">The bytes; more may follow the number.</param>
    /// <param name="value">The number; 0 on failure.</param>
    /// <param name="consumed">Number of bytes examined, also on failure.</param>
    /// <returns><see cref="OperationStatus.NeedMoreData"/> if the bytes end within the number, <see cref="OperationStatus.InvalidData"/> if it has more than 32 bits.</returns>
    public static OperationStatus TryRead(ReadOnlySpan<byte> source, out uint value, out int consumed)
    {
        uint read = 0;
        value = 0;
        for (consumed = 0; consumed < source.Length;)
        {
            byte next = source[consumed++];
            if (consumed == MaxLength && next > 0x0F)
                return OperationStatus.InvalidData;
            read |= (uint)(next & 0x7F) << (7 * (consumed - 1));
            if (next < 0x80)
            {
                value = read;
                return OperationStatus.Done;
            }
        }

        return OperationStatus.NeedMoreData;
    }

    /// <summary>Maps small numbers of either sign to small unsigned ones: 0, -1, 1, -2 … become 0, 1, 2, 3 …</summary>
    public static uint ZigZag(long value) => (uint)((value << 1) ^ (value >> 63));

    /// <summary>The inverse of <see cref="ZigZag"/>.</summary>
    public static long UnZigZag(uint value) => (long)(value >> 1) ^ -(long)(value & 1);
}
