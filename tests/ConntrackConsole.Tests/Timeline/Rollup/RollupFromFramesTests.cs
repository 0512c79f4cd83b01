using ConntrackConsole.Timeline.Blocks;
using ConntrackConsole.Timeline.Storage;
using ConntrackConsole.Wire;
using Microsoft.Data.Sqlite;
using Xunit;
using static ConntrackConsole.Tests.Timeline.Frames;
using static ConntrackConsole.Tests.Timeline.Rollup.TimelineFixture;

namespace ConntrackConsole.Tests.Timeline.Rollup;

/// <summary>A stored block is a function of the stored frames, independent of when it is computed.</summary>
public sealed class RollupFromFramesTests : IAsyncLifetime
{
    private const int Seconds = 280;

    private TimelineFixture _console = null!;

    public async ValueTask InitializeAsync() => _console = await StartAsync();

    public ValueTask DisposeAsync()
    {
        _console.Dispose();
        return default;
    }

    [Fact]
    public async Task Rollup_LiveAndAfterRestart_GivesSameBytes()
    {
        Live();
        _console.CloseLevels();
        var live = await StoredAsync();
        await _console.Database.ExecuteAsync("DELETE FROM Blocks; DELETE FROM SeriesTables; DELETE FROM ResetSeconds; DELETE FROM Gaps; DELETE FROM Settings");
        using var again = _console.Restart();
        again.Worker.RollUp(all: true);
        again.Worker.RollUp(all: true);

        foreach (string kind in (string[])["block Node 1 ", "block Node 10 ", "block Node 60 ", "block Service 1 ", "block Service 10 ", "block Service 60 "])
            Assert.Contains(live, row => row.StartsWith(kind, StringComparison.Ordinal));
        Assert.Equal(live, await StoredAsync());
    }

    [Fact]
    public async Task Rollup_CoarseLevels_AreWrittenOnce_WhenTheirIntervalEnds()
    {
        // 0:00 is six minutes before the end of a ten-minute block.
        Live();
        Assert.DoesNotContain(await StoredAsync(), row => row.StartsWith("block Node 60 ", StringComparison.Ordinal) || row.StartsWith("block Service 60 ", StringComparison.Ordinal));
        Assert.Equal(3, (await StoredAsync()).Count(row => row.StartsWith("block Node 10 ", StringComparison.Ordinal)));
        long rows = _console.Blocks.Rows.Number("SELECT total_changes()");
        _console.At((Seconds + 200) * 1000L);
        _console.Worker.RollUp(all: true);
        Assert.Equal(rows, _console.Blocks.Rows.Number("SELECT total_changes()"));
    }

    [Fact]
    public async Task Rollup_RestartBeforeTheIntervalEnds_WritesCoarseLevelsAfterIt()
    {
        Live();
        using var again = _console.Restart();
        again.CloseLevels();
        var restarted = await StoredAsync();
        await _console.Database.ExecuteAsync("DELETE FROM Blocks WHERE Kind > 0 AND Step > 1; DELETE FROM Blocks WHERE Kind = 0 AND Step > 0");
        using var third = again.Restart();
        third.CloseLevels();
        Assert.Contains(restarted, row => row.StartsWith("block Node 60 ", StringComparison.Ordinal));
        Assert.Equal(restarted, await StoredAsync());
    }

    [Fact]
    public async Task Rollup_OpenBlocksOfEarlierVersion_AreCompleted()
    {
        Live();
        _console.CloseLevels();
        var complete = await StoredAsync();
        // As that version left them: written each minute, the last time in the middle, and no mark.
        var open = new Block(Level.All[2].Columns);
        open.Known[0] = true;
        foreach (var (kind, name) in ((int, string)[])[(1, "node1"), (2, "")])
        {
            _console.Blocks.Rows.Execute(
                "UPDATE Blocks SET Bytes = $a WHERE Kind = $b AND Step = 60 AND Name = $c", FirstVersionBlock.Write(open), (long)kind, name);
        }

        await _console.Database.ExecuteAsync("DELETE FROM Blocks WHERE Kind = 0 AND Step > 0");
        using var again = _console.Restart();
        again.Worker.RollUp(all: true);
        Assert.Equal(complete, await StoredAsync());
    }

    [Fact]
    public async Task Rollup_ResetsReportedByTwoNodes_AreStoredOnce()
    {
        Live();

        Assert.Equal(
            [
                Second(30, ResetKind.UnNated, 1), Second(59, ResetKind.UnNated, 1), Second(70, ResetKind.Other, 7), Second(120, ResetKind.UnNated, 1),
                Second(124, ResetKind.UnNated, 1), Second(130, ResetKind.UnNated, 1),
            ],
            (await StoredAsync()).Where(row => row.StartsWith("second", StringComparison.Ordinal)));
        Assert.Equal((1, 4, 0), (await ResetsOfAsync("node3"), await ResetsOfAsync("node1"), await ResetsOfAsync("node2")));
    }

    private static string Second(int second, ResetKind kind, int count) => $"second {(T0 / 1000) + second} {(int)kind} {count}";

    private async Task<int> ResetsOfAsync(string node)
    {
        _console.At(2 * 3_600_000);
        return (await _console.QueryAsync(0, 240_000, 240, node)).Resets.UnNated.Sum();
    }

    // Three nodes, rolled up while the frames arrive; one is disconnected for a minute and back-fills it afterwards.
    private void Live()
    {
        for (int second = 1; second <= Seconds; second++)
        {
            Take("node1", second);
            if (second is < 90 or >= 94)
                Take("node2", second);
            if (second is < 100 or > 160)
                Take("node3", second);
            if (second % 60 == 5)
                _console.Worker.RollUp(all: true);
            if (second == 220)
            {
                for (int late = 100; late <= 160; late++)
                    Take("node3", late);
            }
        }

        _console.At((Seconds + 130) * 1000L);
        _console.Worker.RollUp(all: true);
        _console.Worker.RollUp(all: true);
    }

    private void Take(string node, int second)
    {
        var frame = Frame(
            (ulong)second, T0 + (second * 1000L), second % 60 == 1,
            (Group, (uint)(4 + (second % 7)), (uint)(second % 3)), (Key($"10.1.0.{20 + (second / 45)}"), (uint)(second % 45), 0));
        foreach (var (by, atMs, port, received) in Reports)
        {
            if (by == node && atMs > (second - 1) * 1000L && atMs <= second * 1000L)
                frame.Resets.Add(Reset(T0 + atMs, ResetKind.UnNated, received: received, sport: port));
        }

        if (node == "node2" && second == 70)
            frame.MoreResets[(int)ResetKind.Other] = 7;
        _console.Take(node, frame);
    }

    private static readonly (string Node, long AtMs, ushort Port, bool Received)[] Reports =
    [
        ("node1", 30_900, 1, false), ("node2", 31_200, 1, true),
        // Across a minute's boundary, the report that counts before it and after it.
        ("node1", 59_800, 2, false), ("node2", 60_300, 2, true),
        ("node2", 119_700, 3, true), ("node1", 120_400, 3, false),
        // The other report arrives with the late frames.
        ("node1", 124_500, 4, false), ("node3", 125_000, 4, true),
        ("node2", 130_400, 5, true), ("node3", 130_000, 5, false),
    ];

    private async Task<List<string>> StoredAsync()
    {
        await using var connection = new SqliteConnection($"Data Source={_console.Database.File};Pooling=False");
        await connection.OpenAsync(TestContext.Current.CancellationToken);
        await using var command = connection.CreateCommand();
        command.CommandText =
            "SELECT 'second ' || Second || ' ' || Kind || ' ' || Count FROM ResetSeconds "
            + "UNION ALL SELECT 'gap ' || Node || ' ' || Kind || ' ' || FromMs || ' ' || ToMs FROM Gaps ORDER BY 1";
        await using var row = await command.ExecuteReaderAsync(TestContext.Current.CancellationToken);
        var rows = new List<string>();
        while (await row.ReadAsync(TestContext.Current.CancellationToken))
            rows.Add(row.GetString(0));
        rows.AddRange(Blocks());
        return rows;
    }

    // Byte for byte, each with its labels: their numbers depend on the order in which minutes were rolled up.
    private List<string> Blocks()
    {
        using var blocks = new BlockArchive(_console.Database);
        var writer = new BlockWriter();
        var rows = new List<string>();
        foreach (var kind in (BlockKind[])[BlockKind.Node, BlockKind.Service])
        {
            foreach (var level in Level.All)
            {
                var block = new Block(level.Columns);
                foreach (string name in blocks.Names(kind, level, 0, long.MaxValue))
                {
                    foreach (long atMs in blocks.ReadWithin(kind, level, name, 0, long.MaxValue, block))
                        rows.Add($"block {kind} {level.Step} {name} {atMs} {Convert.ToHexString(writer.WritePlain(block, null))}");
                }
            }
        }

        return rows;
    }
}
