using System.Buffers;
using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Timeline.Blocks;

/// <summary>
/// The packed form of a <see cref="Block"/>: a codec byte (0 plain, 1 Brotli after the plain length), then version, columns,
/// known intervals, name, series, resets. A value is the difference from the previous one, zero differences as a run, all as
/// varints.
/// </summary>
internal static class BlockCodec
{
    public const byte Version = 1;
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

    public static byte[] Write(Block block, bool pack)
    {
        ArgumentNullException.ThrowIfNull(block);
        var output = new ArrayBufferWriter<byte>(1_024);
        WritePlain(block, new BinaryBufferWriter(output));
        return pack ? Pack(output.WrittenSpan) : Unpacked(output.WrittenSpan);
    }

    /// <summary>A codec byte and the plain form, packed if that is shorter.</summary>
    public static byte[] Pack(ReadOnlySpan<byte> plain)
    {
        if (plain.Length >= MinPackedBytes)
        {
            byte[] rented = ArrayPool<byte>.Shared.Rent(BrotliEncoder.GetMaxCompressedLength(plain.Length) + 5);
            try
            {
                rented[0] = Packed;
                BinaryPrimitives.WriteInt32LittleEndian(rented.AsSpan(1), plain.Length);
                if (BrotliEncoder.TryCompress(plain, rented.AsSpan(5), out int written, quality: 1, window: 18) && written + 4 < plain.Length)
                    return rented.AsSpan(0, written + 5).ToArray();
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(rented);
            }
        }

        return Unpacked(plain);
    }

    private static byte[] Unpacked(ReadOnlySpan<byte> plain)
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
    public static Block? Read(ReadOnlySpan<byte> bytes)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(4_096);
        try
        {
            return TryUnpack(bytes, ref buffer, out var plain) ? ReadPlain(plain) : null;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static Block? ReadPlain(ReadOnlySpan<byte> plain)
    {
        var reader = new BlockReader(plain);
        Span<bool> known = stackalloc bool[MaxColumns];
        if (!reader.TryHead(known))
            return null;
        var block = new Block(reader.Columns) { Namespace = reader.Namespace, Name = reader.Name };
        known[..block.Columns].CopyTo(block.Known);
        while (reader.TrySeries(out var key, out var pod, out var owner, out var state))
        {
            var series = new BlockSeries(key, block.Columns) { Pod = pod.IsEmpty ? null : Encoding.UTF8.GetString(pod), Owner = owner, State = state };
            reader.Values(series.Entries);
            reader.Values(series.Closing);
            reader.Values(series.Stale);
            block.Series.Add(series);
        }

        for (int left = reader.ResetCount(); left > 0 && !reader.Failed; left--)
            block.Resets.Add(reader.Reset());
        return reader.Failed ? null : block;
    }

    private static void WritePlain(Block block, BinaryBufferWriter output)
    {
        output.U8(Version);
        output.Varint((uint)block.Columns);
        bool isKnown = false;
        for (int at = 0; at < block.Columns; isKnown = !isKnown)
        {
            int from = at;
            while (at < block.Columns && block.Known[at] == isKnown)
                at++;
            output.Varint((uint)(at - from));
        }

        output.Text(block.Namespace, MaxText);
        output.Text(block.Name, MaxText);
        // More than a reader would accept: only the first ones. No Service comes near it.
        int count = Math.Min(block.Series.Count, MaxCells / block.Columns);
        output.Varint((uint)count);
        GroupKey last = default;
        for (int i = 0; i < count; i++)
        {
            var series = block.Series[i];
            var key = series.Key;
            bool same = i > 0 && last.Proto == key.Proto && last.Vip == key.Vip && last.Vport == key.Vport;
            output.U8(same ? (byte)1 : (byte)0);
            if (!same)
            {
                output.U8(key.Proto);
                output.Address(key.Vip);
                output.U16(key.Vport);
            }

            output.Address(key.Backend);
            output.U16(key.Bport);
            last = key;
            output.Text(series.Pod ?? "", MaxText);
            output.U8((byte)series.Owner);
            output.U8((byte)series.State);
            Values(output, series.Entries);
            Values(output, series.Closing);
            Values(output, series.Stale);
        }

        output.Varint((uint)block.Resets.Count);
        foreach (var reset in block.Resets)
        {
            output.Varint((uint)reset.Column);
            output.U8((byte)reset.Kind);
            output.Varint((uint)reset.Count);
            output.Address(reset.Vip);
            output.U16(reset.Vport);
        }
    }

    private static void Values(BinaryBufferWriter output, int[] values)
    {
        int last = 0;
        for (int at = 0; at < values.Length;)
        {
            if (values[at] != last)
            {
                output.Varint(Varint.ZigZag((long)values[at] - last));
                last = values[at++];
                continue;
            }

            int from = at;
            while (at < values.Length && values[at] == last)
                at++;
            output.U8(0);
            output.Varint((uint)(at - from - 1));
        }
    }
}
