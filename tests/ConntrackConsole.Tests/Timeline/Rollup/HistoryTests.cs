using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Kubernetes.Parsing;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Timeline.Rollup;
using ConntrackConsole.Wire;
using Xunit;
using static ConntrackConsole.Tests.Cluster.Objects;
using static ConntrackConsole.Tests.Timeline.Frames;
using static ConntrackConsole.Tests.Timeline.Rollup.TimelineFixture;

namespace ConntrackConsole.Tests.Timeline.Rollup;

/// <summary>Stored history returns the same as memory did.</summary>
public sealed partial class HistoryTests : IAsyncLifetime
{
    private const long Hours = 3_600_000;

    private TimelineFixture _console = null!;

    public async ValueTask InitializeAsync() => _console = await StartAsync();

    public ValueTask DisposeAsync()
    {
        _console.Dispose();
        return default;
    }

    [Fact]
    public async Task Query_WindowOutsideMemory_EqualsLiveView()
    {
        Incident();
        var live = _console.Store.Query(new TimelineQuery(T0, T0 + 300_000, 300));
        _console.At(320_000);
        _console.Worker.RollUp(all: true);
        _console.At(2 * Hours);
        _console.Store.Apply("node3", 1, Frame(1, T0 + (2 * Hours), true));
        AssertSame(live, await _console.QueryAsync(0, 300_000, 300));
    }

    [Theory]
    [InlineData(30)]
    [InlineData(5)]
    [InlineData(150)]
    public async Task Query_WiderColumns_ShowMaximumOfEach(int columns)
    {
        Incident();
        var live = _console.Store.Query(new TimelineQuery(T0, T0 + 300_000, columns));
        _console.At(320_000);
        _console.Worker.RollUp(all: true);
        _console.At(2 * Hours);
        AssertSame(live, await _console.QueryAsync(0, 300_000, columns), sameNames: true);
    }

    [Fact]
    public async Task Query_WindowAcrossBoth_HasNoSeam()
    {
        Incident();
        _console.Worker.RollUp(all: true);
        for (int second = 301; second <= 700; second++)
            Both(second, (Group, (uint)(second % 13), 0));
        var live = _console.Store.Query(new TimelineQuery(T0, T0 + 700_000, 700));
        var pod = Pod("a", "10.1.0.5");
        using var again = _console.Restart(cluster => cluster.Apply([new ServiceChange(Service(), false), new PodChange(pod, false), new PodChange(pod, true)]));
        AssertSame(live, await again.QueryAsync(0, 700_000, 700));
    }

    [Fact]
    public async Task Restart_BeforeRollup_LosesNothing()
    {
        Incident();
        var live = _console.Store.Query(new TimelineQuery(T0, T0 + 300_000, 300));
        using var again = _console.Restart();
        again.At(320_000);
        again.Worker.RollUp(all: true);
        again.At(2 * Hours);
        AssertSame(live, await again.QueryAsync(0, 300_000, 300), sameStale: false, sameNames: false);
    }

    [Fact]
    public async Task Restart_BetweenNodesAndServices_RollsUpAgain()
    {
        Incident();
        var live = _console.Store.Query(new TimelineQuery(T0, T0 + 300_000, 300));
        _console.At(320_000);
        // The Services are rolled up a minute later.
        for (int second = 0; second < 60; second++)
        {
            _console.At(320_000 + (second * 1000));
            _console.Worker.RollUp();
        }

        Assert.True(_console.Blocks.RolledUpToId() < _console.Frames.LastId);
        using var again = _console.Restart();
        again.At(500_000);
        again.Worker.RollUp(all: true);
        again.Worker.RollUp(all: true);
        again.At(2 * Hours);
        AssertSame(live, await again.QueryAsync(0, 300_000, 300), sameNames: false);
        Assert.Equal(again.Frames.LastId, again.Blocks.RolledUpToId());
    }

    [Fact]
    public async Task RollUp_Twice_IsSame()
    {
        Incident();
        _console.At(320_000);
        _console.Worker.RollUp(all: true);
        var once = await QueryOldAsync(_console);
        for (long minute = T0 - 60_000; minute < T0 + 300_000; minute += 60_000)
        {
            _console.Queue.Touch("node1", minute);
            _console.Queue.Touch("node2", minute);
        }

        _console.Worker.RollUp(all: true);
        AssertSame(once, await QueryOldAsync(_console));
    }

    [Fact]
    public async Task LateFrames_AreRolledUpIntoTheirMinutes()
    {
        for (int second = 1; second <= 300; second++)
        {
            if (second is < 70 or > 200)
                _console.Take("node1", Frame((ulong)second, T0 + (second * 1000L), second % 60 == 1, (Group, 4, 0)));
        }

        _console.At(320_000);
        _console.Worker.RollUp(all: true);
        var view = await QueryOldAsync(_console);
        // Seconds 70 to 200, and the rest up to the next key frame at second 241.
        Assert.Equal(240 - 69, Backend(view, "10.1.0.5").Entries[..299].Count(v => v == -1));
        Assert.Contains(view.Gaps, g => g.Kind == GapKind.SequenceJump && g.FromMs == T0 + 69_000 && g.ToMs == T0 + 201_000);

        // They arrive hours later, as from a spill; their neighbours are still stored.
        _console.At(3 * Hours);
        for (int second = 70; second <= 200; second++)
            _console.Take("node1", Frame((ulong)second, T0 + (second * 1000L), second % 60 == 1, (Group, (uint)(second == 100 ? 9 : 4), 0)));
        _console.Worker.RollUp(all: true);
        _console.Worker.RollUp(all: true);
        view = await _console.QueryAsync(0, 300_000, 300);
        Assert.DoesNotContain(-1, Backend(view, "10.1.0.5").Entries[..299]);
        Assert.Equal(9, Backend(view, "10.1.0.5").Entries[99]);
        Assert.DoesNotContain(view.Gaps, g => g.Kind == GapKind.SequenceJump);
        // The coarser levels too.
        Assert.Equal(9, Backend(await _console.QueryAsync(0, 240_000, 4), "10.1.0.5").Entries[1]);
    }

    [Fact]
    public async Task SilentNode_WithEntries_MakesSumUnknown()
    {
        for (int second = 1; second <= 240; second++)
        {
            _console.Take("node1", Frame((ulong)second, T0 + (second * 1000L), second % 60 == 1, (Group, 4, 0)));
            // node2 is silent for two whole minutes, and has another group when it reports again.
            if (second is <= 30 or > 200)
                _console.Take("node2", Frame((ulong)second, T0 + (second * 1000L), second is 1 or 201, (Group, 3, 0), (Key("10.1.0.6"), second > 200 ? 2u : 0, 0)));
        }

        _console.At(260_000);
        _console.Worker.RollUp(all: true);
        _console.Worker.RollUp(all: true);
        var view = await QueryOldAsync(_console);
        int[] sum = Backend(view, "10.1.0.5").Entries;
        Assert.Equal((7, -1, -1, 7), (sum[20], sum[45], sum[150], sum[210]));
        // It is unknown since when it had that one.
        int[] other = Backend(view, "10.1.0.6").Entries;
        Assert.Equal((0, -1, 2), (other[20], other[150], other[210]));
    }

    [Fact]
    public async Task CorruptBlock_IsGapWithText()
    {
        Incident();
        _console.At(320_000);
        _console.Worker.RollUp(all: true);
        await _console.Database.ExecuteAsync($"UPDATE Blocks SET Bytes = x'01FFFFFF7F00' WHERE Kind = 2 AND Step = 1 AND Name <> '' AND AtMs = {T0 + 60_000}");
        var view = await QueryOldAsync(_console);
        Assert.Contains(view.Gaps, g => g.FromMs == T0 + 60_000 && g.Text.Contains("damaged block"));
        int[] entries = Backend(view, "10.1.0.5").Entries;
        Assert.True(entries[30] > 0);
        Assert.All(entries[60..120], v => Assert.Equal(-1, v));
        Assert.True(entries[150] > 0);
    }

    [Fact]
    public async Task Settings_ArePersistedAndRestored()
    {
        var frame = Frame(1, T0 + 1_000, true, (Group, 4, 0));
        frame.Settings.Add(new SettingChange(T0 + 900, "net.netfilter.nf_conntrack_tcp_be_liberal", "0", "1"));
        _console.Take("node1", frame);
        Assert.Equal("1", Assert.Single((await _console.QueryAsync(0, 60_000, 60)).Settings).After);
        _console.At(90_000);
        _console.Worker.RollUp(all: true);
        _console.Worker.RollUp(all: true);
        Assert.Equal("node1", Assert.Single((await QueryOldAsync(_console)).Settings).Node);
    }

    [Fact]
    public void RollupQueue_Mark_StaysBeforeOpenMinutes()
    {
        var queue = new RollupQueue();
        queue.Stored([("a", T0 + 1_000)], 1, 10);
        queue.Stored([("b", T0 + 1_000)], 11, 20);
        Assert.Equal(0, queue.RolledUpToId);
        long first = queue.FirstOpenMs;
        Assert.NotEmpty(queue.Take("a", long.MaxValue));
        Assert.Equal(0, queue.RolledUpToId);
        Assert.True(queue.IsOpen("b", first, first + 1));
        Assert.False(queue.IsOpen("b", first - 60_000, first));
        Assert.Empty(queue.TakeServices(long.MaxValue, 100));
        queue.Take("b", long.MaxValue);
        foreach (var (minute, _) in queue.TakeServices(long.MaxValue, 100))
            queue.BeginServices(minute);
        Assert.Equal(20, queue.RolledUpToId);
        Assert.Equal(long.MaxValue, queue.FirstOpenMs);
    }

    [Fact]
    public async Task Query_ReassignedAddresses_HaveHistoricalNames()
    {
        var first = Pod("a", "10.1.0.5");
        var second = Pod("b", "10.1.0.5");
        var cart = Service() with { Uid = "svc2", Key = new ServiceKey("shop", "cart") };
        Apply(new NodeChange(Node("node1", "192.168.0.1"), false), new ServiceChange(Service(), false), new PodChange(first, false));
        for (int at = 1; at <= 300; at++)
        {
            if (at == 121)
                Apply(new PodChange(first, true), new ServiceChange(Service(), true), new ServiceChange(cart, false), new PodChange(second, false));
            _console.Take("node1", Frame((ulong)at, T0 + (at * 1000L), at % 60 == 1, (Group, 4, 0)));
        }

        _console.At(320_000);
        _console.Worker.RollUp(all: true);
        using var again = _console.Restart();
        again.At(2 * Hours);
        again.Worker.RollUp(all: true);
        foreach (string? node in (string?[])[null, "node1"])
        {
            var lanes = (await again.QueryAsync(0, 300_000, 300, node)).Services;
            Assert.Equal(["cart", "checkout"], lanes.Select(l => l.Name));
            var (then, before) = (Assert.Single(lanes[0].Backends), Assert.Single(lanes[1].Backends));
            Assert.Equal(("shop/checkout-b", "shop/checkout-a"), (then.Pod, before.Pod));
            Assert.Equal((0, 4), (then.Entries[60], then.Entries[200]));
            Assert.Equal((4, 0), (before.Entries[60], before.Entries[200]));
            var only = Assert.Single((await again.QueryAsync(0, 300_000, 300, node, "checkout")).Services);
            Assert.Equal((4, 0), (only.Backends[0].Entries[60], only.Backends[0].Entries[200]));
        }
    }

    [Fact]
    public async Task Query_BeforeFirstRecordOrRetention_IsUnknownWithText()
    {
        Incident();
        _console.At(320_000);
        _console.Worker.RollUp(all: true);
        _console.CloseLevels();
        var view = await _console.QueryAsync(-600_000, 300_000, 900);
        Assert.Equal(-1, Backend(view, "10.1.0.5").Entries[100]);
        Assert.Contains(view.Gaps, g => g.Node is null && g.FromMs == T0 - 600_000 && g.Text.StartsWith("Nothing is stored for this interval", StringComparison.Ordinal));
        _console.At(60 * Hours);
        for (int turn = 0; turn < 40; turn++)
            _console.Retention.Portion();
        view = await _console.QueryAsync(0, 300_000, 300, node: "node2");
        // No longer at 1 s, but at 10 s.
        Assert.True(Backend(view, "10.1.0.5").Entries[30] > 0);
        _console.At(30 * 24 * Hours);
        for (int turn = 0; turn < 40; turn++)
            _console.Retention.Portion();
        view = await _console.QueryAsync(0, 300_000, 300, node: "node2");
        Assert.Contains(view.Gaps, g => g.Text.StartsWith("Node node2: its lanes are kept for 28 days", StringComparison.Ordinal));
        Assert.DoesNotContain((await _console.QueryAsync(0, 300_000, 300)).Gaps, g => g.Text.Contains("are kept for"));
    }

    [Fact]
    public async Task RollUp_AfterRestart_NodeClockOffset_UsesOwnershipHistory()
    {
        var pod = Pod("a", "10.1.0.5");
        Apply(new NodeChange(Node("node1", "192.168.0.1"), false), new ServiceChange(Service(), false), new PodChange(pod, false), new SliceChange(Slice(Ready(pod)), false));
        for (int at = 1; at <= 200; at++)
        {
            _console.At(at * 1000L);
            if (at == 100)
                Apply(new SliceChange(Slice(), false), new PodChange(pod, true));
            // Two seconds behind the console.
            var frame = Frame((ulong)at, T0 + (at * 1000L) - 2_000, at % 60 == 1, (Group, 4, 0));
            frame.Cost = new CollectorCost(FollowMode.Events, 0, 0, 0, 0, 2_000, 0);
            _console.Take("node1", frame);
        }

        using var again = _console.Restart();
        again.At(260_000);
        again.Worker.RollUp(all: true);
        again.Worker.RollUp(all: true);
        again.At(2 * Hours);
        int[] stale = Backend(await again.QueryAsync(0, 180_000, 180), "10.1.0.5").Stale;
        // The pod was deleted at the console's second 100, the node's 98; column i ends at second i + 1.
        Assert.Equal((0, 0, 4), (stale[60], stale[96], stale[98]));
        Assert.Equal(4, stale[170]);
    }

    private static async Task<TimelineView> QueryOldAsync(TimelineFixture console)
    {
        console.At(2 * Hours);
        return await console.QueryAsync(0, 300_000, 300);
    }

    // Two nodes, a pod that is deleted while its entries remain, a reset that both nodes report.
    private void Incident()
    {
        var pod = Pod("a", "10.1.0.5");
        Apply(new NodeChange(Node("node1", "192.168.0.1"), false), new NodeChange(Node("node2", "192.168.0.2"), false),
            new ServiceChange(Service(), false), new PodChange(pod, false), new SliceChange(Slice(Ready(pod)), false));
        for (int second = 1; second <= 300; second++)
        {
            if (second == 100)
                Apply(new PodChange(pod.Terminating(T0 + 99_000), false), new SliceChange(Slice(Draining(pod)), false));
            if (second == 130)
                Apply(new SliceChange(Slice(), false), new PodChange(pod, true));
            Both(second, (Group, (uint)(4 + (second % 7)), (uint)(second % 3)));
        }
    }

    private void Both(int second, params (GroupKey, uint, uint)[] groups)
    {
        var frame = Frame((ulong)second, T0 + (second * 1000L), second % 60 == 1, groups);
        if (second == 50)
            frame.Resets.Add(Reset(T0 + 49_500, ResetKind.UnNated));
        _console.Take("node1", frame);
        // node2 misses some seconds, until its next key frame.
        if (second is >= 170 and < 174)
            return;
        frame = Frame((ulong)second, T0 + (second * 1000L) + 150, second % 60 == 1, groups);
        if (second == 50)
            frame.Resets.Add(Reset(T0 + 49_600, ResetKind.UnNated, received: true));
        _console.Take("node2", frame);
    }

    private void Apply(params ClusterChange[] changes)
    {
        _console.Cluster.Watching();
        _console.Cluster.Apply(changes);
        _console.Cluster.Confirm(_console.Clock.GetUtcNow().ToUnixTimeMilliseconds());
    }

    private static BackendSeries Backend(TimelineView view, string ip) => view.Services.SelectMany(s => s.Backends).Single(b => b.BackendIp == ip);

    /// <param name="sameStale">False if the stale classification was lost with the console that made it.</param>
    /// <param name="sameNames">False if the cluster has not been listed again.</param>
    private static void AssertSame(TimelineView live, TimelineView stored, bool sameStale = true, bool sameNames = true)
    {
        Assert.Equal((live.FromMs, live.ToMs, live.StepMs, live.Columns), (stored.FromMs, stored.ToMs, stored.StepMs, stored.Columns));
        Assert.Equal(live.Services.Count, stored.Services.Count);
        foreach (var (a, b) in live.Services.Zip(stored.Services))
        {
            Assert.Equal((a.Vip, a.Port, a.Proto), (b.Vip, b.Port, b.Proto));
            if (sameNames)
                Assert.Equal((a.Namespace, a.Name), (b.Namespace, b.Name));
            AssertSame(a.Sum!, b.Sum!, stored, sameStale);
            Assert.Equal((a.OmitsBackends, a.Backends.Count), (b.OmitsBackends, b.Backends.Count));
            foreach (var (x, y) in a.Backends.Zip(b.Backends))
            {
                Assert.Equal((x.BackendIp, x.Port), (y.BackendIp, y.Port));
                if (sameNames)
                    Assert.Equal(x.Pod, y.Pod);
                Assert.Equal(x.Entries, y.Entries);
                Assert.Equal(x.Closing, y.Closing);
                if (sameStale)
                    Assert.Equal(x.Stale, y.Stale);
            }
        }

        AssertSame(live.Sum!, stored.Sum!, stored, sameStale);
        Assert.Equal(Spans(live), Spans(stored));

        static IEnumerable<(string?, GapKind, long, long)> Spans(TimelineView view) =>
            view.Gaps.Where(g => g.Kind != GapKind.Silent).Select(g => (g.Node, g.Kind, g.FromMs, g.ToMs)).Order();
    }
    private static void AssertSame(LaneSums live, LaneSums stored, TimelineView view, bool sameStale)
    {
        // Only sums of maxima are stored of a single node.
        if (view.SumsAreUpperBounds)
            return;
        Assert.Equal(live.Entries, stored.Entries);
        Assert.Equal(live.Closing, stored.Closing);
        if (sameStale)
            Assert.Equal(live.Stale, stored.Stale);
    }
}
