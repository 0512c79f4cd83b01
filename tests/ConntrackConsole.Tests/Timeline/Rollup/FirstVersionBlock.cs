using System.Buffers;
using ConntrackConsole.Timeline.Blocks;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Tests.Timeline.Rollup;

/// <summary>Writes a block as the versions before the tables of labels did: their databases stay readable.</summary>
internal static class FirstVersionBlock
{
    public static byte[] Write(Block block)
    {
        var bytes = new ArrayBufferWriter<byte>();
        var output = new BinaryBufferWriter(bytes);
        output.U8(BlockCodec.FirstVersion);
        output.Varint((uint)block.Columns);
        bool isKnown = false;
        for (int at = 0; at < block.Columns; isKnown = !isKnown)
        {
            int from = at;
            while (at < block.Columns && block.Known[at] == isKnown)
                at++;
            output.Varint((uint)(at - from));
        }

        output.Text(block.Namespace);
        output.Text(block.Name);
        output.Varint((uint)block.Series.Count);
        GroupKey last = default;
        foreach (var series in block.Series)
        {
            var key = series.Key;
            bool same = last.Proto == key.Proto && last.Vip == key.Vip && last.Vport == key.Vport && last != default;
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
            output.Text(series.Pod ?? "");
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

        return BlockCodec.Pack(bytes.WrittenSpan);
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
