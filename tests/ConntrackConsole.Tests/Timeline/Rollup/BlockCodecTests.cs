using System.IO.Compression;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Timeline.Blocks;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Wire;
using Xunit;
using static ConntrackConsole.Tests.Timeline.Frames;

namespace ConntrackConsole.Tests.Timeline.Rollup;

public class BlockCodecTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Read_WrittenBlock_IsEqual(bool pack)
    {
        for (int seed = 0; seed < 50; seed++)
        {
            var block = Random(new Random(seed));
            AssertSame(block, BlockCodec.Read(BlockCodec.Write(block, pack)));
        }
    }

    [Fact]
    public void Write_AnIdleGroup_TakesAFewBytes()
    {
        var block = new Block(60);
        block.Known.AsSpan().Fill(true);
        var series = new BlockSeries(Group, 60);
        series.Entries.AsSpan().Fill(1_000);
        block.Series.Add(series);
        Assert.InRange(BlockCodec.Write(block, pack: false).Length, 20, 50);
    }

    [Fact]
    public void Read_InvalidBytes_IsNull()
    {
        var random = new Random(7);
        byte[][] good = [.. Enumerable.Range(0, 20).Select(i => BlockCodec.Write(Random(new Random(i)), i % 2 == 0))];
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
                        (bytes[0], bytes[1]) = (0, BlockCodec.Version);
                    break;
            }

            if (BlockCodec.Read(bytes) is not { } block)
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
}
