using ConntrackConsole.Collector.Uplink;
using ConntrackConsole.Wire;
using Xunit;

namespace ConntrackConsole.Collector.Tests.Uplink;

public class OutboxTests
{
    private const long Run = 1_700_000_000_000;

    [Fact]
    public void Add_WithoutSpill_DropsTheOldestAndReportsAGap()
    {
        using var outbox = new Outbox(Run, null, TextWriter.Null, new OutboxLimits(5, 10));
        Add(outbox, 1, 15);
        Assert.Equal((10, 10), (outbox.Unacknowledged, outbox.FramesInMemory));
        Assert.Equal(new Gap(GapKind.FramesDropped, Run, Run + 5_000, 5), outbox.TakeDropped());
        Assert.Null(outbox.TakeDropped());
        Assert.Equal([6ul, 7, 8], outbox.TakeBackfill(1, Run, 3).Select(entry => entry.Sequence));
    }

    [Fact]
    public void Add_BeyondTheMaximumBytes_DropsTheOldest()
    {
        using var outbox = new Outbox(Run, null, TextWriter.Null, new OutboxLimits(5, 1000, 1000));
        Add(outbox, 1, 100);
        Assert.InRange(outbox.Unacknowledged, 10, 20);
        Assert.Equal(100u - (uint)outbox.Unacknowledged, outbox.TakeDropped()!.Value.Lost);
    }

    [Fact]
    public void Stored_RemovesExactlyTheListedFrames()
    {
        using var outbox = new Outbox(Run, null, TextWriter.Null);
        Add(outbox, 1, 10);
        outbox.Stored(new StoredRanges(Run, [new(2, 3), new(7, 7), new(50, 60)]));
        outbox.Stored(new StoredRanges(Run - 1, [new(0, ulong.MaxValue)]));
        Assert.Equal([1ul, 4, 5, 6, 8, 9, 10], outbox.TakeBackfill(1, Run, 100).Select(entry => entry.Sequence));
        outbox.Stored(new StoredRanges(Run, [new(0, ulong.MaxValue)]));
        Assert.Equal((0, 0), (outbox.Unacknowledged, outbox.FramesInMemory));
        Assert.Null(outbox.TakeDropped());
    }

    [Fact]
    public async Task Run_MovesOlderFramesToDiskForTheNextProcess()
    {
        using var state = new TemporaryDirectory();
        List<byte[]> written;
        using (var outbox = new Outbox(Run, Spill.Open(state.Path), TextWriter.Null))
        {
            using var stop = new CancellationTokenSource();
            var running = outbox.RunAsync(stop.Token);
            Add(outbox, 1, 50);
            await Eventually.TrueAsync(() => outbox.FramesInMemory == 5);
            Assert.Equal(50, outbox.Unacknowledged);
            written = [.. outbox.TakeBackfill(1, Run, 100).Select(entry => outbox.Read(entry)!)];
            Assert.Equal(Enumerable.Range(1, 50).Select(i => (ulong)i), written.Select(SequenceOf));
            outbox.Stored(new StoredRanges(Run, [new(1, 20)]));
            await stop.CancelAsync(); // A clean shutdown writes the five in memory too.
            await running;
        }

        using var next = new Outbox(Run + 99_000, Spill.Open(state.Path), TextWriter.Null);
        Add(next, 1, 1, Run + 99_000);
        Assert.Equal(Run, next.NextRun(1));
        var found = next.TakeBackfill(1, Run, 100);
        // Stored frames may be sent again, because their segment still exists: the console recognizes them.
        Assert.Equal(written.TakeLast(30), found.TakeLast(30).Select(entry => next.Read(entry)!));
        Assert.Equal(Run + 99_000, next.NextRun(1));
        next.Stored(new StoredRanges(Run, [new(1, 50)]));
        Assert.Equal(1, next.Unacknowledged);
    }

    [Fact]
    public async Task Run_SegmentsThatAreStored_AreDeleted()
    {
        using var state = new TemporaryDirectory();
        using var outbox = new Outbox(Run, Spill.Open(state.Path), TextWriter.Null);
        using var stop = new CancellationTokenSource();
        var running = outbox.RunAsync(stop.Token);
        Add(outbox, 1, 50);
        await Eventually.TrueAsync(() => Files(state.Path).Length == 1);
        outbox.Stored(new StoredRanges(Run, [new(1, 50)]));
        await Eventually.TrueAsync(() => Files(state.Path).Length == 0);
        Add(outbox, 51, 10); // continues in a new segment
        await Eventually.TrueAsync(() => Files(state.Path).Length == 1);
        await stop.CancelAsync();
        await running;
    }

    [Fact]
    public async Task Run_BeyondTheMaximumSpill_DropsTheOldestSegmentsAndReportsAGap()
    {
        using var state = new TemporaryDirectory();
        using var outbox = new Outbox(Run, Spill.Open(state.Path, maxBytes: 16 * 1024), TextWriter.Null);
        using var stop = new CancellationTokenSource();
        var running = outbox.RunAsync(stop.Token);
        for (int i = 0; i < 20; i++)
        {
            Add(outbox, 1 + (i * 25), 25);
            await Eventually.TrueAsync(() => outbox.FramesInMemory == 5);
        }

        await Eventually.TrueAsync(() => Files(state.Path).Sum(file => new FileInfo(file).Length) <= 16 * 1024);
        var kept = outbox.TakeBackfill(1, Run, 1000);
        uint lost = 500 - (uint)kept.Count;
        Assert.InRange(lost, 200u, 450u);
        Assert.Equal(new Gap(GapKind.FramesDropped, Run, Run + (lost * 1000), lost), outbox.TakeDropped());
        Assert.Equal(lost + 1, kept[0].Sequence);
        Assert.All(kept, entry => Assert.Equal(entry.Sequence, SequenceOf(outbox.Read(entry)!)));
        await stop.CancelAsync();
        await running;
    }

    [Fact]
    public async Task Read_FrameLostOnDisk_IsReportedAsAGap()
    {
        using var state = new TemporaryDirectory();
        using (var first = new Outbox(Run, Spill.Open(state.Path), TextWriter.Null))
        {
            Add(first, 1, 3);
            using var ended = new CancellationTokenSource();
            await ended.CancelAsync();
            await first.RunAsync(ended.Token);
        }

        using var outbox = new Outbox(Run + 1, Spill.Open(state.Path), TextWriter.Null);
        File.Delete(Files(state.Path)[0]);
        var entries = outbox.TakeBackfill(1, Run, 10);
        Assert.Equal(3, entries.Count);
        Assert.All(entries, entry => Assert.Null(outbox.Read(entry)));
        Assert.Equal(new Gap(GapKind.FramesDropped, Run, Run + 3_000, 3), outbox.TakeDropped());
        Assert.Equal(0, outbox.Unacknowledged);
    }

    [Fact]
    public async Task Delivery_SendsNewFramesFirst_ThenOlderOnesOncePerConnection()
    {
        using var outbox = new Outbox(Run, null, TextWriter.Null);
        Add(outbox, 1, 4);
        var delivery = outbox.Connect();
        using var stop = new CancellationTokenSource();
        var nextRun = delivery.NextRunAsync(stop.Token);
        await using var live = delivery.LiveAsync(stop.Token).GetAsyncEnumerator(TestContext.Current.CancellationToken);
        Add(outbox, 5, 1);
        Assert.True(await live.MoveNextAsync());
        Assert.Equal(5ul, SequenceOf(live.Current));
        Assert.False(nextRun.IsCompleted); // not before the live frame was sent
        Add(outbox, 6, 1);
        Assert.True(await live.MoveNextAsync());
        Assert.Equal(Run, await nextRun);
        Assert.Equal([1ul, 2, 3, 4], await BackfillAsync(delivery));
        Assert.Null(outbox.NextRun(1));

        // Nothing was acknowledged when the connection broke: the next one sends everything again.
        Assert.Equal([1ul, 2, 3, 4, 5, 6], await BackfillAsync(outbox.Connect()));
    }

    [Fact]
    public async Task Delivery_SlowConnection_LeavesFramesToTheBackfill()
    {
        using var outbox = new Outbox(Run, null, TextWriter.Null);
        var delivery = outbox.Connect();
        Add(outbox, 1, 70);
        Assert.Equal([1ul, 2, 3, 4, 5, 6], await BackfillAsync(delivery));
        await using var live = delivery.LiveAsync(TestContext.Current.CancellationToken).GetAsyncEnumerator(TestContext.Current.CancellationToken);
        Assert.True(await live.MoveNextAsync());
        Assert.Equal(7ul, SequenceOf(live.Current));
    }

    private static async Task<List<ulong>> BackfillAsync(Delivery delivery)
    {
        var sequences = new List<ulong>();
        await foreach (byte[] bytes in delivery.BackfillAsync(Run, TestContext.Current.CancellationToken))
            sequences.Add(SequenceOf(bytes));
        return sequences;
    }

    private static void Add(Outbox outbox, int from, int count, long run = Run)
    {
        for (int i = from; i < from + count; i++)
            outbox.Add(new NodeFrame { Sequence = (ulong)i, AtMs = run + (i * 1000) });
    }

    private static ulong SequenceOf(byte[] bytes)
    {
        var frame = new NodeFrame();
        Assert.True(NodeFrameCodec.TryRead(bytes, frame, out string? error), error);
        return frame.Sequence;
    }

    private static string[] Files(string state) => Directory.GetFiles(Path.Combine(state, "spill"), "*.frames");
}
