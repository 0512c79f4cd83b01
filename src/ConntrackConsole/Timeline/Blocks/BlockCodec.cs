using System.Buffers;
using System.Buffers.Binary;
using System.IO.Compression;

namespace ConntrackConsole.Timeline.Blocks;

/// <summary>
/// The packed form of a <see cref="Block"/>: a codec byte (0 plain, 1 Brotli after the plain length), then version, columns,
/// known intervals, name, the series (see <see cref="BlockWriter"/>) and resets. Numbers are varints.
/// </summary>
internal static class BlockCodec
{
    /// <summary>The version that is written: the columns of all series as streams of changes; labels in a <see cref="SeriesTable"/>.</summary>
    public const byte Version = 2;
    /// <summary>Blocks of earlier versions of the console; each series has its own label and values.</summary>
    public const byte FirstVersion = 1;
    public const int MaxColumns = 1_440;
    /// <summary>Series times columns: a node's maximum number of groups over a minute, with headroom.</summary>
    public const int MaxCells = 1 << 22;
    /// <summary>Maximum plain form that is read: a few packed bytes must not become gigabytes.</summary>
    public const int MaxPlain = 32 << 20;
    public const int MaxText = 1_024;

    private const byte Plain = 0;
    private const byte Packed = 1;
    // For small blocks Brotli takes more time than it saves bytes.
    private const int MinPackedBytes = 256;

    /// <summary>A codec byte and the plain form, packed if that is shorter.</summary>
    public static byte[] Pack(ReadOnlySpan<byte> plain, int quality = 1)
    {
        if (plain.Length >= MinPackedBytes)
        {
            byte[] rented = ArrayPool<byte>.Shared.Rent(BrotliEncoder.GetMaxCompressedLength(plain.Length) + 5);
            try
            {
                rented[0] = Packed;
                BinaryPrimitives.WriteInt32LittleEndian(rented.AsSpan(1), plain.Length);
                if (BrotliEncoder.TryCompress(plain, rented.AsSpan(5), out int written, quality, window: 18) && written + 4 < plain.Length)
                    return rented.AsSpan(0, written + 5).ToArray();
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(rented);
            }
        }

        return Unpacked(plain);
    }

    /// <summary>A codec byte and the plain form.</summary>
    public static byte[] Unpacked(ReadOnlySpan<byte> plain)
    {
        byte[] bytes = new byte[plain.Length + 1];
        bytes[0] = Plain;
        plain.CopyTo(bytes.AsSpan(1));
        return bytes;
    }

    /// <summary>The plain form after the codec byte, in <paramref name="buffer"/> if it had to be unpacked.</summary>
    /// <param name="buffer">Rented; grown as needed, to be returned by the caller.</param>
    public static bool TryUnpack(ReadOnlySpan<byte> bytes, ref byte[] buffer, out ReadOnlySpan<byte> plain)
    {
        plain = default;
        if (bytes.Length < 2)
            return false;
        if (bytes[0] == Plain)
        {
            plain = bytes[1..];
            return plain.Length <= MaxPlain;
        }

        if (bytes[0] != Packed || bytes.Length < 6)
            return false;
        int length = BinaryPrimitives.ReadInt32LittleEndian(bytes[1..]);
        if (length is <= 0 or > MaxPlain)
            return false;
        if (buffer.Length < length)
        {
            ArrayPool<byte>.Shared.Return(buffer);
            buffer = ArrayPool<byte>.Shared.Rent(length);
        }

        if (!BrotliDecoder.TryDecompress(bytes[5..], buffer.AsSpan(0, length), out int written) || written != length)
            return false;
        plain = buffer.AsSpan(0, length);
        return true;
    }

    /// <summary>Null if the bytes are not a valid block.</summary>
    /// <param name="table">For a block that refers to one.</param>
    public static Block? Read(ReadOnlySpan<byte> bytes, SeriesTable? table = null)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(4_096);
        try
        {
            return TryUnpack(bytes, ref buffer, out var plain) && Columns(plain) is { } columns && new Block(columns) is var block
                && TryRead(plain, block, table, new SeriesTable(), new TextPool()) ? block : null;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Reads a plain form into a block, which is emptied first.</summary>
    /// <param name="own">For the table of a block that has its own.</param>
    public static bool TryRead(ReadOnlySpan<byte> plain, Block block, SeriesTable? table, SeriesTable own, TextPool texts)
    {
        ArgumentNullException.ThrowIfNull(block);
        block.Clear();
        var reader = new BlockReader(plain, table, own, texts);
        Span<bool> known = stackalloc bool[MaxColumns];
        if (!reader.TryHead(known) || reader.Columns != block.Columns)
            return false;
        (block.Namespace, block.Name) = (reader.Namespace, reader.Name);
        known[..block.Columns].CopyTo(block.Known);
        while (reader.TrySeries(out var label))
        {
            var series = block.Add(label);
            reader.Values(series.Entries);
            reader.Values(series.Closing);
            reader.Values(series.Stale);
        }

        for (int left = reader.ResetCount(); left > 0 && !reader.Failed; left--)
            block.Resets.Add(reader.Reset());
        return !reader.Failed;
    }

    // Both versions begin with the version and the columns.
    private static int? Columns(ReadOnlySpan<byte> plain)
    {
        var cursor = new ByteCursor(plain);
        cursor.U8();
        uint columns = cursor.Number();
        return cursor.Failed || columns is 0 or > MaxColumns ? null : (int)columns;
    }
}
