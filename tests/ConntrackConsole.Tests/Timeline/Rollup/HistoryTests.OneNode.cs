using ConntrackConsole.Timeline.Model;
using Xunit;
using static ConntrackConsole.Tests.Timeline.Frames;
using static ConntrackConsole.Tests.Timeline.Rollup.TimelineFixture;

namespace ConntrackConsole.Tests.Timeline.Rollup;

/// <summary>Queries for one node or one Service.</summary>
public sealed partial class HistoryTests
{
    [Fact]
    public async Task Query_OneNode_IsItsReport()
    {
        Incident();
        var live = _console.Store.Query(new TimelineQuery(T0, T0 + 300_000, 300, Node: "node2"));
        _console.At(320_000);
        _console.Worker.RollUp(all: true);
        _console.At(2 * Hours);
        var view = await _console.QueryAsync(0, 300_000, 300, node: "node2");
        Assert.Equal(Backend(live, "10.1.0.5").Entries, Backend(view, "10.1.0.5").Entries);
        Assert.Equal(live.Resets.UnNated, view.Resets.UnNated);
    }

    [Theory]
    [InlineData(300, 1)]
    [InlineData(30, 10)]
    [InlineData(5, 60)]
    public async Task Query_OneNode_EachLevel_IsMaximum_ResetsOnce(int columns, int step)
    {
        Incident();
        var live = _console.Store.Query(new TimelineQuery(T0, T0 + 300_000, columns, Node: "node1"));
        _console.At(320_000);
        _console.Worker.RollUp(all: true);
        _console.CloseLevels();
        // Only that level is left; the others are deleted and cannot fill in.
        await _console.Database.ExecuteAsync($"DELETE FROM Blocks WHERE Kind = 1 AND Step <> {step}");
        var view = await _console.QueryAsync(0, 300_000, columns, node: "node1");
        Assert.Equal(Backend(live, "10.1.0.5").Entries, Backend(view, "10.1.0.5").Entries);
        Assert.Equal(Backend(live, "10.1.0.5").Closing, Backend(view, "10.1.0.5").Closing);
        Assert.Equal((1, 1), (live.Resets.UnNated.Sum(), view.Resets.UnNated.Sum()));
    }

    [Theory]
    [InlineData(43, "node1", null)]
    [InlineData(300, "node1", null)]
    [InlineData(43, null, "checkout")]
    [InlineData(300, null, "checkout")]
    public async Task Query_MissingFineMinutes_UsesBothLevels_ResetsOnce(int columns, string? node, string? service)
    {
        Incident();
        _console.At(320_000);
        _console.Worker.RollUp(all: true);
        _console.CloseLevels();
        await _console.Database.ExecuteAsync($"DELETE FROM Blocks WHERE Kind > 0 AND Step = 1 AND AtMs > {T0}");
        var view = await _console.QueryAsync(0, 300_000, columns, node, service);
        Assert.Equal(1, view.Resets.UnNated.Sum());
        // Before the seconds that node2 missed.
        Assert.DoesNotContain(-1, Backend(view, "10.1.0.5").Entries[1..(columns / 2)]);
    }

    [Fact]
    public async Task Query_OneNode_LateFramesAreInCoarserLevels()
    {
        for (int second = 1; second <= 300; second++)
        {
            if (second is < 70 or > 200)
                _console.Take("node1", Frame((ulong)second, T0 + (second * 1000L), second % 60 == 1, (Group, 4, 0)));
        }

        _console.At(320_000);
        _console.Worker.RollUp(all: true);
        _console.At(3 * Hours);
        var view = await _console.QueryAsync(0, 240_000, 4, "node1");
        Assert.Equal([4, 4, -1, -1], Backend(view, "10.1.0.5").Entries);
        for (int second = 70; second <= 200; second++)
            _console.Take("node1", Frame((ulong)second, T0 + (second * 1000L), second % 60 == 1, (Group, (uint)(second == 100 ? 9 : 4), 0)));
        _console.Worker.RollUp(all: true);
        view = await _console.QueryAsync(0, 240_000, 4, "node1");
        Assert.Equal([4, 9, 4, 4], Backend(view, "10.1.0.5").Entries);
    }

    [Fact]
    public async Task Query_OneNode_OldVersionWithFinestOnly_UsesIt()
    {
        Incident();
        var live = _console.Store.Query(new TimelineQuery(T0, T0 + 300_000, 5, Node: "node2"));
        _console.At(320_000);
        _console.Worker.RollUp(all: true);
        await _console.Database.ExecuteAsync("DELETE FROM Blocks WHERE Kind = 1 AND Step > 1");
        _console.At(2 * Hours);
        Assert.Equal(Backend(live, "10.1.0.5").Entries, Backend(await _console.QueryAsync(0, 300_000, 5, node: "node2"), "10.1.0.5").Entries);
        // The next one of its interval includes the minutes before it.
        _console.Queue.Touch("node2", T0 + 240_000);
        _console.Worker.RollUp(all: true);
        await _console.Database.ExecuteAsync("DELETE FROM Blocks WHERE Kind = 1 AND Step < 60");
        Assert.Equal(Backend(live, "10.1.0.5").Entries, Backend(await _console.QueryAsync(0, 300_000, 5, node: "node2"), "10.1.0.5").Entries);
    }

    [Fact]
    public async Task Query_OneService_HasItsResetsOnly()
    {
        Incident();
        _console.At(320_000);
        _console.Worker.RollUp(all: true);
        _console.At(2 * Hours);
        var view = await _console.QueryAsync(0, 300_000, 300, service: "checkout");
        Assert.Equal("checkout", Assert.Single(view.Services).Name);
        Assert.Equal(1, view.Resets.UnNated.Sum());
        Assert.Equal(1, view.Resets.UnNated[49]);
        Assert.Empty((await _console.QueryAsync(0, 300_000, 300, service: "cart")).Services);
    }
}
