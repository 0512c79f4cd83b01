using ConntrackConsole.Timeline;
using ConntrackConsole.Timeline.Blocks;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Timeline.Rollup;
using ConntrackConsole.Timeline.Storage;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Xunit;
using static ConntrackConsole.Tests.Timeline.Frames;
using static ConntrackConsole.Tests.Timeline.Rollup.TimelineFixture;

namespace ConntrackConsole.Tests.Timeline.Rollup;

/// <summary>When the minutes are rolled up, and how a delay is reported.</summary>
public sealed class RollupLatenessTests
{
    private const int Nodes = 240;

    [Fact]
    public async Task Minute_OfManyNodes_IsRolledUpWithinAMinute_SomeNodesEachSecond()
    {
        using var console = await TimelineFixture.StartAsync();
        // A burst: all nodes send ten minutes at once.
        for (int minute = 0; minute < 10; minute++)
        {
            for (int node = 0; node < Nodes; node++)
                console.Take($"node{node}", Frame((ulong)minute + 1, T0 + (minute * 60_000) + 30_000, true, (Group, 4, 0)));
        }

        const long endMs = 600_000;
        int before = 0, most = 0;
        for (int second = 1; second <= 60; second++)
        {
            console.At(endMs + (second * 1_000));
            console.Worker.RollUp();
            int now = console.Blocks.NodeNames().Count;
            (most, before) = (Math.Max(most, now - before), now);
        }

        Assert.Equal(Nodes, before);
        // Five on average.
        Assert.InRange(most, 1, Nodes / 10);
        // The Services and the cluster too.
        Assert.Equal(T0 + endMs, console.Queue.RolledUpEndMs);
    }

    [Fact]
    public async Task Lateness_IsTold_UntilTheRollupHasCaughtUp()
    {
        using var console = await TimelineFixture.StartAsync();
        var health = new HistoryHealth(console.Worker, new TimelineReplay(console.Frames, console.Store, console.Clock), console.Store, console.Clock);
        for (int minute = 0; minute < 4; minute++)
            console.Take("node1", Frame((ulong)minute + 1, T0 + (minute * 60_000) + 30_000, true, (Group, 4, 0)));
        console.At(300_000);
        console.Worker.RollUp(all: true);
        Assert.Equal((0, HealthStatus.Healthy), (console.Worker.LateByMs, (await CheckAsync(health)).Status));

        for (int minute = 5; minute < 12; minute++)
            console.Take("node1", Frame((ulong)minute + 1, T0 + (minute * 60_000) + 30_000, true, (Group, 4, 0)));
        Assert.InRange(console.Worker.LateByMs, RollupWorker.LateMs, 12 * 60_000);
        var late = await CheckAsync(health);
        Assert.Equal(HealthStatus.Degraded, late.Status);
        Assert.StartsWith("history.rollup_late: ", late.Description, StringComparison.Ordinal);

        console.At(12 * 60_000 + NodeRollup.TailMs);
        console.Worker.RollUp(all: true);
        Assert.Equal((0, HealthStatus.Healthy), (console.Worker.LateByMs, (await CheckAsync(health)).Status));
    }

    [Fact]
    public async Task Lateness_AndLimitedMemory_AreReportedBoth()
    {
        using var console = await TimelineFixture.StartAsync();
        var store = new TimelineStore(console.Cluster, console.Clock, 1_000);
        var health = new HistoryHealth(console.Worker, new TimelineReplay(console.Frames, store, console.Clock), store, console.Clock);
        console.Take("node1", Frame(1, T0 + 30_000, true, (Group, 4, 0)));
        console.At(300_000);
        console.Worker.RollUp(all: true);
        for (int minute = 5; minute < 12; minute++)
        {
            var frame = Frame((ulong)minute, T0 + (minute * 60_000) + 30_000, true, (Group, (uint)minute, 0));
            console.Take("node1", frame);
            store.Apply("node1", 1, frame);
        }

        string[] reasons = (await CheckAsync(health)).Description!.Split('\n');
        Assert.Equal(["history.rollup_late", "history.memory_limited"], reasons.Select(reason => reason.Split(':')[0]));
    }

    [Fact]
    public async Task Restart_WaitsForWhatCollectorsKept_ThenEachNodeHasItsTurn()
    {
        using var console = await TimelineFixture.StartAsync();
        Take(console, 1);
        console.At(300_000);
        console.Worker.RollUp(all: true);
        Take(console, 6);

        const long startMs = 480_000;
        console.At(startMs);
        using var again = console.Restart();
        var written = new List<int>();
        for (int second = 1; second <= 100; second++)
        {
            again.At(startMs + (second * 1_000));
            again.Worker.RollUp();
            written.Add(Enumerable.Range(0, Nodes).Count(node => again.Blocks.Read(BlockKind.Node, Level.Finest, $"node{node}", T0 + 360_000, new Block(Level.Finest.Columns))));
        }

        Assert.Equal((0, Nodes), (written[33], written[95]));
        Assert.InRange(written.Zip(written.Skip(1), (before, after) => after - before).Max(), 1, Nodes / 10);

        static void Take(TimelineFixture console, int minute)
        {
            for (int node = 0; node < Nodes; node++)
                console.Take($"node{node}", Frame((ulong)minute, T0 + (minute * 60_000) + 30_000, true, (Group, 4, 0)));
        }
    }

    private static Task<HealthCheckResult> CheckAsync(HistoryHealth health) => health.CheckHealthAsync(new HealthCheckContext(), TestContext.Current.CancellationToken);
}
