using ConntrackConsole.Tests.Timeline.Rollup;
using ConntrackConsole.Timeline.Storage;
using Xunit;
using static ConntrackConsole.Tests.Timeline.Frames;
using static ConntrackConsole.Tests.Timeline.Rollup.TimelineFixture;

namespace ConntrackConsole.Tests.Timeline.Storage;

public sealed class RetentionTests : IAsyncLifetime
{
    private static readonly HistoryRetention Keep = new(
        new(TimeSpan.FromHours(3), TimeSpan.FromHours(5), TimeSpan.FromHours(10)), new(TimeSpan.FromHours(6), TimeSpan.FromHours(12), TimeSpan.FromHours(48)),
        TimeSpan.FromHours(24), 1L << 40);

    private TimelineFixture _console = null!;

    public async ValueTask InitializeAsync()
    {
        _console = await StartAsync(Keep);
        for (int second = 1; second <= 300; second++)
            _console.Take("node1", Frame((ulong)second, T0 + (second * 1000L), second % 60 == 1, (Group, (uint)(1 + (second % 5)), 0)));
        _console.At(330_000);
        _console.Worker.RollUp(all: true);
        _console.Worker.RollUp(all: true);
        _console.CloseLevels();
        await _console.Database.ExecuteAsync(
            $"INSERT INTO Terminations (Uid, Namespace, Pod, PodIp, Node, AskedMs, Cause, HasPreStop) VALUES ('u1', 'shop', 'a', '10.1.0.5', 'node1', {T0 + 60_000}, 0, 0);"
            + $"INSERT INTO Audit (AtMs, Who, What, Why, Result, ActionId) VALUES ({T0}, 'me', 'flush', 'because', 'ok', 'a1')");
    }

    public ValueTask DisposeAsync()
    {
        _console.Dispose();
        return default;
    }

    [Fact]
    public async Task Portion_Levels_ExpireSeparately_CoarserRemains()
    {
        await LaterAsync(4);
        Assert.Equal((0, true, true, true), (Count(BlockKind.Node, 1), Count(BlockKind.Service, 1) > 0, Count(BlockKind.Service, 10) > 0, Count(BlockKind.Service, 60) > 0));
        Assert.Equal(5, await MaxAsync(300));
        await LaterAsync(7);
        Assert.Equal((0, true), (Count(BlockKind.Service, 1), Count(BlockKind.Service, 10) > 0));
        // Requested at 1 s, answered at 10 s.
        Assert.Equal(5, await MaxAsync(300));
        await LaterAsync(13);
        Assert.Equal((0, true), (Count(BlockKind.Service, 10), Count(BlockKind.Service, 60) > 0));
        Assert.Equal(5, await MaxAsync(300));
        await LaterAsync(60);
        Assert.Equal(0, Count(BlockKind.Service, 60));
        Assert.Empty((await _console.QueryAsync(0, 300_000, 300)).Services);
        Assert.Equal((0, 1), (_console.Blocks.Rows.Number("SELECT COUNT(*) FROM Terminations"), _console.Blocks.Rows.Number("SELECT COUNT(*) FROM Audit")));
    }

    [Fact]
    public async Task Nodes_WithoutBlocks_AreNotLookedUpAnyMore()
    {
        Assert.Equal(["node1"], _console.Worker.Nodes);
        _console.Take("node2", Frame(1, T0 + (3 * 3_600_000L), true, (Group, 4, 0)));
        _console.At((3 * 3_600_000L) + 330_000);
        _console.Worker.RollUp(all: true);
        Assert.Equal(["node1", "node2"], _console.Worker.Nodes.Order());

        await LaterAsync(5);
        _console.Worker.RollUp(all: true);
        Assert.Equal(["node2"], _console.Worker.Nodes);
    }

    [Fact]
    public async Task Portion_CoarserBlockNotWritten_KeepsFinerOnes()
    {
        using var console = await StartAsync(Keep);
        for (int second = 1; second <= 300; second++)
            console.Take("node1", Frame((ulong)second, T0 + (second * 1000L), second % 60 == 1, (Group, (uint)(1 + (second % 5)), 0)));
        console.At(330_000);
        console.Worker.RollUp(all: true);
        // The console was stopped before the intervals ended.
        console.At(30 * 3_600_000L);
        for (int i = 0; i < 40; i++)
            console.Retention.Portion();
        console.Worker.RollUp(all: true);
        Assert.Equal(5, (await console.QueryAsync(0, 300_000, 5)).Services.SelectMany(s => s.Backends).Single().Entries.Max());
    }

    [Fact]
    public async Task Portion_NodeLevels_ExpireSeparately_CoarserRemains()
    {
        Assert.Equal(5, await MaxAsync(300, "node1"));
        await LaterAsync(4);
        Assert.Equal((0, 1, 1), Levels(BlockKind.Node));
        // Requested at 1 s, answered at 10 s; then at one minute.
        Assert.Equal(5, await MaxAsync(300, "node1"));
        await LaterAsync(6);
        Assert.Equal((0, 0, 1), Levels(BlockKind.Node));
        Assert.Equal(5, await MaxAsync(300, "node1"));
        await LaterAsync(15);
        Assert.Equal((0, 0, 0), Levels(BlockKind.Node));
        Assert.Empty((await _console.QueryAsync(0, 300_000, 300, "node1")).Services);
        Assert.Equal(5, await MaxAsync(300));
    }

    [Fact]
    public async Task Portion_PinnedWindow_IsNotDeleted()
    {
        await _console.Database.ExecuteAsync($"INSERT INTO Pins (FromMs, ToMs, Reason, CreatedMs) VALUES ({T0 + 60_000}, {T0 + 119_000}, 'incident', 1)");
        await LaterAsync(1_000);
        Assert.Equal((2, 1, 1), Levels(BlockKind.Node));
        Assert.Equal((4, 2, 2), Levels(BlockKind.Service));
        Assert.Equal(1, _console.Blocks.Rows.Number("SELECT COUNT(*) FROM Terminations"));
        int[] entries = Assert.Single(Assert.Single((await _console.QueryAsync(60_000, 120_000, 60)).Services).Backends).Entries;
        Assert.DoesNotContain(-1, entries);
    }

    [Fact]
    public async Task Portion_TooLarge_DeletesFinestFirst()
    {
        using var small = new BlockArchive(_console.Database);
        var retention = new Retention(small, Keep with { Nodes = Ever, Services = Ever, Bytes = 1 }, _console.Clock);
        foreach (var (nodes, services) in (((long, long, long), (long, long, long))[])[((0, 1, 1), (15, 4, 2)), ((0, 1, 1), (0, 4, 2)), ((0, 0, 1), (0, 4, 2)), ((0, 0, 1), (0, 0, 2))])
        {
            // Repeated, because all kinds take turns. Of the minute before the first frame there is only a block of the cluster.
            for (int i = 0; i < Retention.Turns; i++)
                retention.Portion();
            Assert.Equal((nodes, services), (Levels(BlockKind.Node), Levels(BlockKind.Service)));
            Assert.Equal((5, 5), (await MaxAsync(300), await MaxAsync(300, "node1")));
        }
    }

    [Fact]
    public void Trim_KeepsFramesNotRolledUp_AndPinned()
    {
        using var frames = new FrameArchive(_console.Database, new FrameRetention(TimeSpan.FromMinutes(1), 1L << 40), _console.Clock);
        _console.At(3 * 3_600_000);
        // Frames are deleted by the minute.
        frames.Trim(rolledUpToId: 150);
        Assert.Equal(121ul, frames.Read("node1", 0).First().Sequence);
        _console.Blocks.Rows.Execute("INSERT INTO Pins (FromMs, ToMs, Reason, CreatedMs) VALUES ($a, $b, 'incident', 1)", T0 + 150_000, T0 + 160_000);
        frames.Trim(rolledUpToId: 300);
        Assert.Equal(60, frames.Read("node1", 0).Count());
        frames.Trim(rolledUpToId: 300);
        Assert.Equal(60, frames.Read("node1", 0).Count());
    }

    [Fact]
    public async Task Trim_OnePinRemoved_DeletesItsFramesWithoutRestart()
    {
        var ct = TestContext.Current.CancellationToken;
        await using var db = _console.Database.CreateDbContext();
        var first = new PinRow { FromMs = T0 + 20_000, ToMs = T0 + 29_000, Reason = "looked into", CreatedMs = T0 };
        db.Pins.AddRange(first, new PinRow { FromMs = T0 + 150_000, ToMs = T0 + 160_000, Reason = "incident", CreatedMs = T0 });
        await db.SaveChangesAsync(ct);
        using var frames = new FrameArchive(_console.Database, new FrameRetention(TimeSpan.FromMinutes(1), 1L << 40), _console.Clock);
        _console.At(3 * 3_600_000);
        frames.Trim(rolledUpToId: 300);
        Assert.Equal(120, frames.Read("node1", 0).Count());
        db.Pins.Remove(first);
        await db.SaveChangesAsync(ct);
        frames.Trim(rolledUpToId: 300);
        Assert.Equal(60, frames.Read("node1", 0).Count());
    }

    [Fact]
    public async Task Rollup_NodeBlocksDeleted_KeepsServiceBlocks()
    {
        await LaterAsync(4);
        Assert.Equal(0, Count(BlockKind.Node, 1));
        _console.Take("node1", Frame(1_000, T0 + 150_500, true, (Group, 9, 0)));
        _console.Worker.RollUp(all: true);
        _console.Worker.RollUp(all: true);

        int[] entries = Assert.Single(Assert.Single((await _console.QueryAsync(120_000, 180_000, 60)).Services).Backends).Entries;
        Assert.DoesNotContain(-1, entries);
        Assert.Equal(5, entries.Max());
    }

    private static readonly LevelRetention Ever = new(TimeSpan.FromDays(999), TimeSpan.FromDays(999), TimeSpan.FromDays(999));

    private (long, long, long) Levels(BlockKind kind) => (Count(kind, 1), Count(kind, 10), Count(kind, 60));

    private async Task<int> MaxAsync(int columns, string? node = null) =>
        (await _console.QueryAsync(0, 300_000, columns, node)).Services.SelectMany(s => s.Backends).Single().Entries.Max();

    private long Count(BlockKind kind, int step) => _console.Blocks.Rows.Number("SELECT COUNT(*) FROM Blocks WHERE Kind = $a AND Step = $b", (long)kind, (long)step);

    private Task LaterAsync(int hours)
    {
        _console.At(hours * 3_600_000L);
        for (int i = 0; i < 40; i++)
            _console.Retention.Portion();
        return Task.CompletedTask;
    }
}
