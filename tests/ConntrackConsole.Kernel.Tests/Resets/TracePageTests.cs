using System.Buffers.Binary;
using ConntrackConsole.Kernel.Resets;
using Xunit;

namespace ConntrackConsole.Kernel.Tests.Resets;

[Trait("Category", "Parser")]
public sealed class TracePageTests
{
    private static readonly TracePageLayout Layout = new(Timestamp: 0, Commit: 8, Data: 16, WordSize: 8);

    [Fact]
    public void Page_WithTwoRecords_HasTimesAndEventNumbers() =>
        Assert.Equal([(2280, 2133951010350UL), (2279, 2133951042057UL)], Walk(Fixture.Bytes("refused.page")));

    [Fact]
    public void Page_WithATimeExtend_AddsIt() =>
        // The header contains 2134014606202; the extend adds 222.6 ms, more than the 27 bits of a record hold.
        Assert.Equal([(2279, 2134237166738UL), (2280, 2134237191275UL)], Walk(Fixture.Bytes("unread-data-v6.page")));

    [Fact]
    public void Page_AfterAnOverrun_ReportsTheNumberLost()
    {
        var page = new TracePage(Fixture.Bytes("lost.page"), Layout);
        int records = 0;
        while (page.MoveNext())
            records++;
        Assert.Equal(48, records);
        Assert.Equal(960, page.Lost);
        Assert.False(page.IsDamaged);
    }

    [Fact]
    public void Page_AfterAnOverrunWithoutANumber_ReportsALoss()
    {
        byte[] bytes = Fixture.Bytes("refused.page");
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(8), 0xA8 | 1u << 31);
        Assert.Equal(1, new TracePage(bytes, Layout).Lost);
    }

    [Fact]
    public void Page_WithPaddingLongRecordAndAbsoluteTime_IsRead()
    {
        var bytes = new byte[16 + 64];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, (3UL << 59) | 1000);
        void Word(int at, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(16 + at), value);
        Word(0, 29 | 5 << 5); // discarded after 5 ns: 4 + 8 bytes
        Word(4, 8);
        Word(12, 0 | 7 << 5); // long record after 7 ns: the word itself and 8 bytes
        Word(16, 12);
        Word(20, 11);
        Word(28, 31 | 2000 << 5); // absolute: 59 bits, the rest as before
        Word(32, 0);
        Word(36, 1 | 1 << 5);
        Word(40, 22);
        Word(44, 29); // nothing more on this page
        Word(48, 0xFFFFFFFF);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(8), 64);

        Assert.Equal([(11, (3UL << 59) | 1012), (22, (3UL << 59) | 2001)], Walk(bytes));
    }

    [Fact]
    public void Page_CutShort_IsDamagedAndEnds()
    {
        byte[] whole = Fixture.Bytes("refused.page");
        for (int length = 0; length < whole.Length; length++)
        {
            var page = new TracePage(whole.AsSpan(0, length), Layout);
            while (page.MoveNext())
            {
            }

            Assert.True(page.IsDamaged);
        }
    }

    [Fact]
    public void Page_OfRandomBytes_NeverReadsBeyondItsEnd()
    {
        var random = new Random(20_301);
        var bytes = new byte[256];
        for (int round = 0; round < 200_000; round++)
        {
            random.NextBytes(bytes);
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(8), (uint)random.Next(0, 260) | (uint)random.Next(4) << 30);
            var page = new TracePage(bytes, Layout);
            int records = 0;
            while (page.MoveNext())
                Assert.True(++records <= 64 && page.Record.Length <= 240);
        }
    }

    private static List<(int Event, ulong Time)> Walk(byte[] bytes)
    {
        var records = new List<(int, ulong)>();
        var page = new TracePage(bytes, Layout);
        while (page.MoveNext())
            records.Add((BinaryPrimitives.ReadUInt16LittleEndian(page.Record), page.Timestamp));
        Assert.False(page.IsDamaged);
        return records;
    }
}
