using System.Buffers;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Timeline.Blocks;

/// <summary>
/// Writes blocks. After the head come the table of labels (empty if the block refers to one outside), the number of each series'
/// label, one byte for each series (bit 0 entries, 1 closing, 2 stale: whether it has any), the first value of each such row, and
/// the changes within the rows: how many cells after the previous change, and by how much. So a value that does not change
/// costs nothing, and each kind of number is packed beside its like. Not thread-safe; its buffers are reused.
/// </summary>
internal sealed class BlockWriter
{
    private readonly ArrayBufferWriter<byte> _output = new(4_096);
    private readonly ArrayBufferWriter<byte> _table = new(4_096);
    private readonly ArrayBufferWriter<byte> _numbers = new(1_024);
    private readonly ArrayBufferWriter<byte> _modes = new(1_024);
    private readonly ArrayBufferWriter<byte> _firsts = new(1_024);
    private readonly ArrayBufferWriter<byte> _gaps = new(4_096);
    private readonly ArrayBufferWriter<byte> _deltas = new(4_096);
    private readonly SeriesTable _own = new();
    private uint _gap;

    /// <summary>The plain form; valid until the next call.</summary>
    /// <param name="table">Labels that it does not have yet are added to it; null for a block with a table of its own.</param>
    public ReadOnlySpan<byte> WritePlain(Block block, SeriesTable? table)
    {
        ArgumentNullException.ThrowIfNull(block);
        foreach (var stream in (ReadOnlySpan<ArrayBufferWriter<byte>>)[_output, _table, _numbers, _modes, _firsts, _gaps, _deltas])
            stream.ResetWrittenCount();
        // More than a reader would accept: only the first ones. No Service comes near it.
        int count = Math.Min(block.Series.Count, BlockCodec.MaxCells / block.Columns);
        Series(block, count, table);
        var output = new BinaryBufferWriter(_output);
        Head(block, count, output);
        output.Varint((uint)_table.WrittenCount);
        _output.Write(_table.WrittenSpan);
        if (table is not null && count > 0)
            output.U32(table.Stamp);
        foreach (var stream in (ReadOnlySpan<ArrayBufferWriter<byte>>)[_numbers, _firsts, _gaps, _deltas])
            output.Varint((uint)stream.WrittenCount);
        foreach (var stream in (ReadOnlySpan<ArrayBufferWriter<byte>>)[_numbers, _modes, _firsts, _gaps, _deltas])
            _output.Write(stream.WrittenSpan);
        output.Varint((uint)block.Resets.Count);
        foreach (var reset in block.Resets)
        {
            output.Varint((uint)reset.Column);
            output.U8((byte)reset.Kind);
            output.Varint((uint)reset.Count);
            output.Address(reset.Vip);
            output.U16(reset.Vport);
        }

        return _output.WrittenSpan;
    }

    /// <summary>The packed form.</summary>
    public byte[] Write(Block block, SeriesTable? table) => BlockCodec.Pack(WritePlain(block, table));

    private static void Head(Block block, int count, BinaryBufferWriter output)
    {
        output.U8(BlockCodec.Version);
        output.Varint((uint)block.Columns);
        bool isKnown = false;
        for (int at = 0; at < block.Columns; isKnown = !isKnown)
        {
            int from = at;
            while (at < block.Columns && block.Known[at] == isKnown)
                at++;
            output.Varint((uint)(at - from));
        }

        output.Text(block.Namespace, BlockCodec.MaxText);
        output.Text(block.Name, BlockCodec.MaxText);
        output.Varint((uint)count);
    }

    private void Series(Block block, int count, SeriesTable? table)
    {
        if (table is null)
            _own.Clear();
        var labels = table ?? _own;
        var numbers = new BinaryBufferWriter(_numbers);
        var modes = new BinaryBufferWriter(_modes);
        long last = -1;
        _gap = 0;
        for (int i = 0; i < count; i++)
        {
            var series = block.Series[i];
            int number = labels.NumberOf(series.Label);
            numbers.Varint(Varint.ZigZag(number - last - 1));
            last = number;
            modes.U8((byte)((Row(series.Entries) ? 1 : 0) | (Row(series.Closing) ? 2 : 0) | (Row(series.Stale) ? 4 : 0)));
        }

        if (table is null && count > 0)
            _own.Write(_table, stamped: false);
    }

    private bool Row(int[] values)
    {
        if (!values.AsSpan().ContainsAnyExcept(0))
            return false;
        Number(_firsts, Varint.ZigZag(values[0]));
        int last = values[0], at = 1;
        while (true)
        {
            int next = values.AsSpan(at).IndexOfAnyExcept(last);
            if (next < 0)
            {
                _gap += (uint)(values.Length - at);
                return true;
            }

            Number(_gaps, _gap + (uint)next);
            _gap = 0;
            at += next;
            Number(_deltas, Varint.ZigZag((long)values[at] - last));
            last = values[at++];
        }
    }

    private static void Number(ArrayBufferWriter<byte> stream, uint value) => stream.Advance(Varint.Write(stream.GetSpan(Varint.MaxLength), value));
}
