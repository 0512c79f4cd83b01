using System.Buffers;
using System.IO.Compression;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Timeline.Blocks;
using ConntrackConsole.Timeline.Storage;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Wire;
using Xunit;
using static ConntrackConsole.Tests.Timeline.Frames;

namespace ConntrackConsole.Tests.Timeline.Rollup;

[Trait("Category", "Parser")]
public class BlockCodecTests
{
    [Fact]
    public void Read_WrittenBlock_IsEqual()
    {
        var writer = new BlockWriter();
        var table = new SeriesTable();
        for (int seed = 0; seed < 50; seed++)
        {
            var block = Random(new Random(seed));
            AssertSame(block, BlockCodec.Read(writer.Write(block, null)));
            AssertSame(block, BlockCodec.Read(writer.Write(block, table), table));
        }
    }

    [Fact]
    public void Read_BlockOfFirstVersion_IsEqual()
    {
        for (int seed = 0; seed < 50; seed++)
        {
            var block = Random(new Random(seed));
            AssertSame(block, BlockCodec.Read(FirstVersionBlock.Write(block)));
        }
    }

    [Fact]
    public void Read_WithAnotherTable_IsNull()
    {
        var block = Random(new Random(3));
        Assert.NotEmpty(block.Series);
        var (table, other) = (new SeriesTable(), new SeriesTable());
        byte[] bytes = new BlockWriter().Write(block, table);
        new BlockWriter().Write(block, other);
        Assert.Null(BlockCodec.Read(bytes, other));
        Assert.Null(BlockCodec.Read(bytes));
        AssertSame(block, BlockCodec.Read(bytes, table));
    }

    [Fact]
    public void SeriesTable_WrittenAndExtended_KeepsNumbers()
    {
        var table = new SeriesTable();
        var label = new SeriesLabel(Group, "shop/checkout-1", OwnerState.Live, EntryState.Active);
        Assert.Equal(0, table.NumberOf(label));
        Assert.Equal(1, table.NumberOf(label with { State = EntryState.Stale }));
        var output = new ArrayBufferWriter<byte>();
        table.Write(output, stamped: true);
        var again = new SeriesTable();
        Assert.True(again.TryRead(output.WrittenSpan, new TextPool()));
        Assert.Equal((false, table.Stamp), (again.IsChanged, again.Stamp));
        Assert.Equal(0, again.NumberOf(label));
        Assert.Equal(2, again.NumberOf(label with { Pod = null }));
        Assert.True(again.IsChanged);
    }

    [Fact]
    public void Write_AnIdleGroup_TakesAFewBytes()
    {
        var block = new Block(60);
        block.Known.AsSpan().Fill(true);
        var table = new SeriesTable();
        int empty = new BlockWriter().Write(block, table).Length;
        for (int i = 0; i < 20; i++)
            block.Add(new SeriesLabel(Key($"10.1.0.{i}"), $"shop/checkout-{i}", OwnerState.Live, EntryState.Active)).Entries.AsSpan().Fill(1_000);
        Assert.InRange(new BlockWriter().Write(block, table).Length - empty, 20, 20 * 5);
    }

    [Fact]
    public void Write_ANodesMinute_TakesLessThanTwoKilobytes()
    {
        // 350 groups of which 3 % change each second, as a large cluster's nodes have them.
        var random = new Random(1);
        var block = new Block(60);
        block.Known.AsSpan().Fill(true);
        for (int i = 0; i < 350; i++)
        {
            var series = block.Add(new SeriesLabel(Key($"10.1.{i / 200}.{i % 200}"), $"shop/checkout-7d9f8b{i:x4}-{random.Next(1 << 20):x5}", OwnerState.Live, EntryState.Active));
            int value = random.Next(1, 30);
            for (int column = 0; column < 60; column++)
            {
                if (random.Next(100) < 3)
                    value = Math.Max(0, value + random.Next(-3, 4));
                series.Entries[column] = value;
            }
        }

        block.Normalize();
        var table = new SeriesTable();
        new BlockWriter().Write(block, table);
        Assert.InRange(new BlockWriter().Write(block, table).Length, 500, 2_000);
    }

    [Fact]
    public void Read_InvalidBytes_IsNull()
    {
        var random = new Random(7);
        var table = new SeriesTable();
        byte[][] good = [.. Enumerable.Range(0, 30).Select(i => Good(i % 4, Random(new Random(i)), table))];
        for (int round = 0; round < 20_000; round++)
        {
            byte[] bytes = (byte[])good[round % good.Length].Clone();
            switch (random.Next(3))
            {
                case 0:
                    bytes = bytes[..random.Next(bytes.Length)];
                    break;
                case 1:
                    for (int i = random.Next(1, 8); i > 0; i--)
                        bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
                    break;
                default:
                    bytes = new byte[random.Next(200)];
                    random.NextBytes(bytes);
                    if (bytes.Length > 1)
                        (bytes[0], bytes[1]) = (0, (byte)random.Next(1, 3));
                    break;
            }

            if (BlockCodec.Read(bytes, table) is not { } block)
                continue;
            // Whatever can be read is a valid block.
            Assert.InRange(block.Columns, 1, BlockCodec.MaxColumns);
            Assert.All(block.Series, s => Assert.True(s.Entries.Min() >= -1 && s.Closing.Min() >= -1 && s.Stale.Min() >= -1));
            Assert.All(block.Resets, r => Assert.InRange(r.Column, 0, block.Columns - 1));
        }
    }

    [Fact]
    public void Read_BrotliBomb_IsRejectedBeforeUnpacking()
    {
        byte[] zeros = new byte[64 << 20];
        byte[] packed = new byte[BrotliEncoder.GetMaxCompressedLength(zeros.Length)];
        Assert.True(BrotliEncoder.TryCompress(zeros, packed, out int length, 1, 18));
        byte[] bomb = [1, 0, 0, 0, 4, .. packed.AsSpan(0, length)]; // declares 64 MiB
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Null(BlockCodec.Read(bomb));
        bomb = [1, 0, 0x10, 0, 0, .. packed.AsSpan(0, length)]; // declares 4 KiB
        Assert.Null(BlockCodec.Read(bomb));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
    }

    [Fact]
    public void Read_TooManySeries_IsRejectedBeforeAllocation()
    {
        // version, 1440 columns, all known, no name, 16 million series.
        byte[] bytes = [0, BlockCodec.Version, 0xA0, 0x0B, 0, 0xA0, 0x0B, 0, 0, 0x80, 0x80, 0x80, 0x08, .. new byte[4_000]];
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Null(BlockCodec.Read(bytes));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
    }

    private static byte[] Good(int form, Block block, SeriesTable table) => form switch
    {
        0 => FirstVersionBlock.Write(block),
        1 => new BlockWriter().Write(block, table),
        2 => Plain(block, table),
        _ => Plain(block, null),
    };

    private static byte[] Plain(Block block, SeriesTable? table) => [0, .. new BlockWriter().WritePlain(block, table)];

    private static Block Random(Random random)
    {
        var block = new Block(random.Next(2) == 0 ? 60 : 240) { Namespace = "shop", Name = random.Next(3) == 0 ? "" : "checkout-é" };
        for (int i = 0, known = random.Next(2); i < block.Columns; i++)
        {
            if (random.Next(20) == 0)
                known = 1 - known;
            block.Known[i] = known == 1;
        }

        for (int i = random.Next(12); i > 0; i--)
        {
            var series = new BlockSeries(random.Next(4) == 0 ? Key($"10.1.0.{i}", null) : Key(random.Next(3) == 0 ? $"fd00::{i}" : $"10.1.0.{i}"), block.Columns)
            {
                Pod = random.Next(2) == 0 ? null : $"shop/checkout-{i}", Owner = OwnerState.Gone, State = EntryState.Stale,
            };
            int value = 0;
            for (int column = 0; column < block.Columns; column++)
            {
                if (random.Next(3) == 0)
                    value = random.Next(10) == 0 ? -1 : random.Next(random.Next(5) == 0 ? int.MaxValue / 2 : 40);
                series.Entries[column] = value;
                series.Stale[column] = random.Next(8) == 0 ? value : 0;
            }

            block.Series.Add(series);
        }

        if (random.Next(2) == 0)
            block.Resets.Add(new BlockReset(3, ResetKind.UnNated, 5, Ip.Parse("10.96.0.10"), 80));
        return block;
    }

    private static void AssertSame(Block expected, Block? actual)
    {
        Assert.NotNull(actual);
        Assert.Equal((expected.Columns, expected.Namespace, expected.Name), (actual.Columns, actual.Namespace, actual.Name));
        Assert.Equal(expected.Known, actual.Known);
        Assert.Equal(expected.Resets, actual.Resets);
        Assert.Equal(expected.Series.Count, actual.Series.Count);
        foreach (var (a, b) in expected.Series.Zip(actual.Series))
        {
            Assert.Equal((a.Key, a.Pod, a.Owner, a.State), (b.Key, b.Pod, b.Owner, b.State));
            Assert.Equal(a.Entries, b.Entries);
            Assert.Equal(a.Closing, b.Closing);
            Assert.Equal(a.Stale, b.Stale);
        }
    }

    /// <summary>An answer makes one for each level and part, and nearly all of them read nothing.</summary>
    [Fact]
    public void SeriesTables_BeforeTheFirstIsRead_HasNoBuffers()
    {
        _ = new SeriesTables();
        long before = GC.GetAllocatedBytesForCurrentThread();
        var tables = new SeriesTables();
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 1, 2_048);
        GC.KeepAlive(tables);
    }
}
