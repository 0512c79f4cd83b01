using System.Buffers.Binary;
using System.Numerics;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Uplink;

/// <summary>
/// Format of a spill file: magic "CCS1" · zero u32 · run i64, then records: length u32 · CRC-32C u32 of the rest of the record ·
/// sequence u64 · atMs i64 · the frame. Only bytes that the checksum covers are used.
/// </summary>
internal static class SpillFormat
{
    public const int HeaderLength = 16;
    public const int RecordHeaderLength = 24;
    private const uint Magic = 0x31534343; // "CCS1"

    public static void WriteHeader(Span<byte> output, long run)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(output, Magic);
        BinaryPrimitives.WriteUInt32LittleEndian(output[4..], 0);
        BinaryPrimitives.WriteInt64LittleEndian(output[8..], run);
    }

    public static bool TryReadHeader(ReadOnlySpan<byte> file, out long run)
    {
        run = 0;
        if (file.Length < HeaderLength || BinaryPrimitives.ReadUInt32LittleEndian(file) != Magic
            || BinaryPrimitives.ReadUInt32LittleEndian(file[4..]) != 0)
        {
            return false;
        }

        run = BinaryPrimitives.ReadInt64LittleEndian(file[8..]);
        return run > 0;
    }

    /// <returns>Bytes written.</returns>
    public static int WriteRecord(Span<byte> output, ulong sequence, long atMs, ReadOnlySpan<byte> frame)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(output, (uint)frame.Length);
        BinaryPrimitives.WriteUInt64LittleEndian(output[8..], sequence);
        BinaryPrimitives.WriteInt64LittleEndian(output[16..], atMs);
        frame.CopyTo(output[RecordHeaderLength..]);
        int length = RecordHeaderLength + frame.Length;
        BinaryPrimitives.WriteUInt32LittleEndian(output[4..], Sum(output[8..length]));
        return length;
    }

    /// <summary>Reads the record at the start of <paramref name="rest"/>.</summary>
    /// <returns>False at the end, or if the bytes are not a complete record.</returns>
    public static bool TryReadRecord(ReadOnlySpan<byte> rest, out ulong sequence, out long atMs, out ReadOnlySpan<byte> frame)
    {
        sequence = 0;
        atMs = 0;
        frame = default;
        if (rest.Length < RecordHeaderLength)
            return false;
        uint length = BinaryPrimitives.ReadUInt32LittleEndian(rest);
        if (length is 0 or > NodeFrameCodec.MaxBytes || length > (uint)(rest.Length - RecordHeaderLength))
            return false;
        var summed = rest[8..(RecordHeaderLength + (int)length)];
        if (BinaryPrimitives.ReadUInt32LittleEndian(rest[4..]) != Sum(summed))
            return false;
        sequence = BinaryPrimitives.ReadUInt64LittleEndian(summed);
        atMs = BinaryPrimitives.ReadInt64LittleEndian(summed[8..]);
        frame = summed[16..];
        return sequence > 0 && atMs >= 0;
    }

    private static uint Sum(ReadOnlySpan<byte> bytes)
    {
        uint sum = uint.MaxValue;
        for (; bytes.Length >= 8; bytes = bytes[8..])
            sum = BitOperations.Crc32C(sum, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        foreach (byte one in bytes)
            sum = BitOperations.Crc32C(sum, one);
        return ~sum;
    }
}
