using ConntrackConsole.Timeline.Blocks;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Timeline.Query;
using ConntrackConsole.Wire;
using Xunit;

namespace ConntrackConsole.Tests.Timeline.Rollup;

public sealed class FollowTests
{
    private const long T0 = TimelineFixture.T0;
    private int _reads;

    [Fact]
    public async Task Window_Moving_IsReadOncePerThreeSecondsAndShifted()
    {
        var stored = new StoredParts();
        var first = await QueryAsync(stored, 0);
        var second = await QueryAsync(stored, 2_000);

        Assert.Equal(1, _reads);
        Assert.True(first.Lanes.Known[5]);
        Assert.True(second.Lanes.Known[3]);
        Assert.False(second.Lanes.Known[5]);

        await QueryAsync(stored, 3_000);
        Assert.Equal(2, _reads);
    }

    [Fact]
    public async Task Window_Modified_KeepsCachedOneUnchanged()
    {
        var stored = new StoredParts();
        var first = await QueryAsync(stored, 0);
        first.Lanes.Resets[5, 0] = 7;

        Assert.Equal(0, (await QueryAsync(stored, 0)).Lanes.Resets[5, 0]);
    }

    [Fact]
    public async Task Window_OtherMemoryStart_IsReadAgain()
    {
        var stored = new StoredParts();
        await QueryAsync(stored, 0);
        await QueryAsync(stored, 1_000, liveMs: T0 + 1);

        Assert.Equal(2, _reads);
    }

    [Fact]
    public async Task Windows_OfManyPages_AreReadOnceEach()
    {
        var stored = new StoredParts();
        foreach (long afterMs in (long[])[0, 1_000, 2_000])
        {
            for (int page = 0; page < 50; page++)
                await QueryAsync(stored, afterMs, service: $"s{page}");
        }

        Assert.Equal(50, _reads);
    }

    [Fact]
    public async Task Windows_Many_StayWithinTheirBytes()
    {
        var one = new StoredParts();
        await QueryAsync(one, 0);
        var stored = new StoredParts((2 * one.Bytes) + 1);
        for (int page = 0; page < 3; page++)
            await QueryAsync(stored, 0, service: $"s{page}");
        Assert.Equal(2 * one.Bytes, stored.Bytes);
        _reads = 0;
        await QueryAsync(stored, 0, service: "s0");
        Assert.Equal(0, _reads);
        await QueryAsync(stored, 0, service: "s2");
        Assert.Equal(1, _reads);
    }

    [Fact]
    public void Lanes_CountTheRowsThatTheyHave()
    {
        var block = new Block(Level.Finest.Columns);
        for (int lane = 0; lane < 20; lane++)
        {
            var series = block.Add(new SeriesLabel(Frames.Key($"10.1.0.{lane}"), null, OwnerState.Live, EntryState.Active));
            series.Entries[3] = 4;
            series.Closing[3] = lane % 2;
        }

        block.Known.AsSpan().Fill(true);
        byte[] buffer = [];
        var lanes = new StoredLanes(T0, 1_000, Level.Finest.Columns);
        lanes.Merge(
            new BlockWriter().Write(block, null), null, new SeriesTable(), new TextPool(), "shop/checkout", T0, Level.Finest, 0, Level.Finest.Columns,
            BlockParts.Backends, _ => true, marksKnown: true, takesResets: false, ref buffer);
        lanes.Close(Level.Finest.Columns);

        long rows = 30 * Level.Finest.Columns * sizeof(int);
        Assert.InRange(lanes.Bytes, rows, rows * 2);
    }

    [Fact]
    public async Task Windows_OfClosedPages_AreForgotten()
    {
        var stored = new StoredParts();
        await QueryAsync(stored, 0);
        await QueryAsync(stored, 2_000, service: "s");
        long both = stored.Bytes;
        stored.Expire(T0 + 3_000);
        Assert.InRange(stored.Bytes, 1, both - 1);
        stored.Expire(T0 + 5_000);
        Assert.Equal(0, stored.Bytes);
    }

    [Fact]
    public async Task Pages_ThatAskTheSameOfOneSnapshot_ShareTheAnswer()
    {
        using var console = await TimelineFixture.StartAsync();
        var page = new PageQuery(new TimelineQuery(T0 - 60_000, T0, 60), null, null, [], null);
        var ct = TestContext.Current.CancellationToken;

        var (first, second) = (await console.History.FollowAsync(page, ct), await console.History.FollowAsync(page, ct));
        console.At(5_000);
        var later = await console.History.FollowAsync(page, ct);

        Assert.Same(first.Window, second.Window);
        Assert.NotSame(first.Window, later.Window);
    }

    [Fact]
    public async Task Window_OfOneColumn_ThatWaitsForItsTurn_EndsAtThePresent()
    {
        using var console = await TimelineFixture.StartAsync();
        var page = new PageQuery(new TimelineQuery(T0 - 900_000, T0, 1));
        console.Clock.AutoAdvanceAmount = TimeSpan.FromMilliseconds(1);

        var view = (await console.History.FollowAsync(page, TestContext.Current.CancellationToken)).Window!;

        Assert.InRange(view.ToMs, T0, T0 + 1_000);
    }

    [Fact]
    public async Task Window_OfThePast_IsNotKept_SoThatItIsReadAgain()
    {
        using var console = await TimelineFixture.StartAsync();
        console.At(60_000);
        var page = new PageQuery(new TimelineQuery(T0 - 60_000, T0, 60), null, null, [], null);
        var ct = TestContext.Current.CancellationToken;

        Assert.NotSame((await console.History.FollowAsync(page, ct)).Window, (await console.History.FollowAsync(page, ct)).Window);
    }

    private Task<StoredPart> QueryAsync(StoredParts stored, long afterMs, long liveMs = T0, string? service = null)
    {
        var query = new TimelineQuery(T0 + afterMs - 10_000, T0 + afterMs, 10) { Service = service };
        return stored.GetAsync(query, 1_000, liveMs, T0 + afterMs, () =>
        {
            _reads++;
            var lanes = new StoredLanes(query.FromMs, 1_000, 10);
            lanes.Known[5] = true;
            lanes.Close(10);
            return Task.FromResult(new StoredPart(lanes, [], [], [], [], [], null!));
        });
    }
}
