using ConntrackConsole.Tests.Timeline.Rollup;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Timeline.Storage;
using ConntrackConsole.Wire;
using Xunit;
using static ConntrackConsole.Tests.Timeline.Frames;
using static ConntrackConsole.Tests.Timeline.Rollup.TimelineFixture;

namespace ConntrackConsole.Tests.Timeline.Storage;

/// <summary>The history after a start, node by node while the console already answers.</summary>
public sealed class TimelineReplayTests
{
    private static readonly string[] Names = ["node1", "node2", "node3"];

    [Fact]
    public async Task Start_LoadsNodesOneByOne_FirstThoseWhoseCollectorsWait_AndTellsSinceWhenMemoryIsComplete()
    {
        using var console = await TimelineFixture.StartAsync();
        foreach (string node in Names)
        {
            for (int second = 1; second <= 5; second++)
                console.Take(node, Frame((ulong)second, T0 + (second * 1_000), second == 1, (Group, (uint)second, 0)));
        }

        var store = new TimelineStore(console.Cluster, console.Clock);
        var replay = new TimelineReplay(console.Frames, store, console.Clock);
        replay.Begin();
        long nowMs = T0 + 5_000;
        Assert.Equal((3, nowMs), (replay.Pending, store.FromMs));
        var waits = replay.WhenLoadedAsync("node3", TestContext.Current.CancellationToken);
        Assert.False(waits.IsCompleted);
        Assert.True(replay.WhenLoadedAsync("another", TestContext.Current.CancellationToken).IsCompleted);

        Assert.True(replay.Continue(0));
        await waits;
        Assert.Equal((2, nowMs), (replay.Pending, store.FromMs));
        Assert.Equal(["node3"], store.Nodes().Select(node => node.Node));

        Assert.True(replay.Continue(0));
        Assert.False(replay.Continue(0));
        Assert.Equal(Names, store.Nodes().Select(node => node.Node));
        Assert.Equal(nowMs - TimelineStore.HorizonMs, store.FromMs);
        Assert.Equal([3, 6, 9, 12], store.Query(new TimelineQuery(T0 + 500, T0 + 4_500, 4)).Services[0].Backends[0].Entries);
    }

    /// <summary>A node's frames of the time after the start are in memory when its stored ones are read.</summary>
    [Fact]
    public async Task ResetOfAFrameSinceTheStart_IsCountedOnce()
    {
        using var console = await TimelineFixture.StartAsync();
        console.Take("node1", WithReset(1, T0 + 1_000));
        console.Clock.Advance(TimeSpan.FromSeconds(10));
        var store = new TimelineStore(console.Cluster, console.Clock);
        var replay = new TimelineReplay(console.Frames, store, console.Clock);
        replay.Begin();

        console.Clock.Advance(TimeSpan.FromSeconds(10));
        console.Take("node1", WithReset(2, T0 + 20_000));
        store.Apply("node1", 1, WithReset(2, T0 + 20_000));
        Assert.False(replay.Continue(0));
        Assert.Equal(2, store.Query(new TimelineQuery(T0, T0 + 60_000, 10)).Resets.FromBackend.Sum());
    }

    private static NodeFrame WithReset(ulong sequence, long atMs)
    {
        var frame = Frame(sequence, atMs, true, (Group, 1, 0));
        frame.MoreResets[(int)ResetKind.FromBackend] = 1;
        return frame;
    }
}
