using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Cluster.State;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Nodes;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Wire;
using Microsoft.Extensions.Time.Testing;
using Xunit;
using static ConntrackConsole.Tests.Cluster.Objects;
using static ConntrackConsole.Tests.Timeline.Frames;

namespace ConntrackConsole.Tests.Timeline.Live;

/// <summary>What the memory holds, and what a question costs.</summary>
public class TimelineStoreMemoryTests
{
    private const long T0 = 1_700_000_000_000;

    private readonly FakeTimeProvider _clock = new(DateTimeOffset.FromUnixTimeMilliseconds(T0 - 1_000_000));

    [Fact]
    public void View_TheSameQuestionBeforeTheNextChange_IsComputedOnce()
    {
        var store = new TimelineStore(new ClusterState(_clock), _clock);
        var query = new TimelineQuery(T0 - 60_000, T0, 60);
        _clock.SetUtcNow(DateTimeOffset.FromUnixTimeMilliseconds(T0));
        store.Apply("node1", 1, Frame(1, T0, true, (Group, 4, 0)));
        var first = store.Query(query);
        Assert.Same(first, store.Query(query));
        Assert.NotSame(first, store.Query(query with { Columns = 30 }));

        store.Apply("node1", 1, Frame(2, T0 + 1_000, false, (Group, 5, 0)), publish: false);
        Assert.Same(first, store.Query(query));
        store.Publish();
        Assert.NotSame(first, store.Query(query));
    }

    [Fact]
    public void View_TimePasses_IsComputedAgainAlthoughNothingChanged()
    {
        var store = new TimelineStore(new ClusterState(_clock), _clock);
        var query = new TimelineQuery(T0 - 60_000, T0, 60);
        _clock.SetUtcNow(DateTimeOffset.FromUnixTimeMilliseconds(T0));
        store.Apply("node1", 1, Frame(1, T0, true, (Group, 4, 0)));
        Assert.Empty(store.Query(query).Gaps);
        _clock.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(GapKind.Silent, Assert.Single(store.Query(new TimelineQuery(T0, T0 + 10_000, 10)).Gaps).Kind);
    }

    /// <summary>A node that fell silent a moment ago may have lost its network; one that is silent for long is no news.</summary>
    [Fact]
    public void SilentNodes_AreThoseOfWhichFramesStoppedLately()
    {
        var store = new TimelineStore(new ClusterState(_clock), _clock);
        _clock.SetUtcNow(DateTimeOffset.FromUnixTimeMilliseconds(T0));
        store.Apply("node1", 1, Frame(1, T0, true, (Group, 4, 0)));
        _clock.Advance(TimeSpan.FromSeconds(3));
        Assert.Empty(store.SilentNodes(T0));
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(["node1"], store.SilentNodes(T0));
        Assert.Empty(store.SilentNodes(T0 + 1));
    }

    [Theory]
    [InlineData(3, 2, 2)]
    [InlineData(3, 3, 0)]
    [InlineData(200, 6, 6)]
    [InlineData(200, 7, 0)]
    public void SilentNodes_ManyAtOnce_AreTheConsolesOwnDelay(int nodes, int silent, int expected)
    {
        var store = new TimelineStore(new ClusterState(_clock), _clock);
        _clock.SetUtcNow(DateTimeOffset.FromUnixTimeMilliseconds(T0));
        for (int node = 0; node < nodes; node++)
            store.Apply($"node{node}", 1, Frame(1, T0, true, (Group, 4, 0)));
        _clock.Advance(TimeSpan.FromSeconds(4));
        for (int node = silent; node < nodes; node++)
            store.Apply($"node{node}", 1, Frame(2, T0 + 4_000, false));
        Assert.Equal(expected, store.SilentNodes(T0).Count);
    }

    [Fact]
    public void Memory_IsFull_KeepsTheNewest_AndTellsSinceWhen()
    {
        const int limit = 20_000;
        var store = new TimelineStore(new ClusterState(_clock), _clock, limit);
        for (int second = 1; second <= 3_600; second++)
        {
            _clock.SetUtcNow(DateTimeOffset.FromUnixTimeMilliseconds(T0 + (second * 1_000)));
            var groups = Enumerable.Range(0, 10).Select(i => (Backend(i), (uint)((second + i) % 5), 0u)).ToArray();
            store.Apply("node1", 1, Frame((ulong)second, T0 + (second * 1_000), second % 60 == 1, groups));
            if (second == 300)
                Assert.Equal(T0 + 300_000 - TimelineStore.HorizonMs, store.FromMs);
        }

        long nowMs = T0 + 3_600_000;
        Assert.InRange(store.FromMs, nowMs - 900_000, nowMs - 120_000);
        // What is reported as complete is complete.
        int seconds = (int)((nowMs - store.FromMs) / 1_000);
        var view = store.Query(new TimelineQuery(nowMs - (seconds * 1_000), nowMs, seconds));
        Assert.Equal(10, Assert.Single(view.Services).Backends.Count);
        Assert.All(view.Services[0].Backends, backend => Assert.DoesNotContain(-1, backend.Entries));
    }

    /// <summary>Besides the steps: the sums of Services, and what the diagnosis reads.</summary>
    [Fact]
    public void Memory_CountsSumsAndRecords()
    {
        var store = new TimelineStore(new ClusterState(_clock), _clock);
        Fill(store, 600);

        // Of 20 Services ten minutes of changes each, and a reset a second.
        Assert.InRange(store.Memory.Bytes, (20 * 10 * 80) + (600 * 150), 1_000_000);
        Assert.False(store.Memory.IsLimited);
    }

    [Fact]
    public void Memory_FullOfRecords_ForgetsTheOldest_AndReportsSinceWhen()
    {
        var store = new TimelineStore(new ClusterState(_clock), _clock, 100_000);
        Fill(store, 1_800);

        var memory = store.Memory;
        long nowMs = T0 + 1_800_000;
        Assert.True(memory.IsLimited);
        Assert.InRange(memory.Bytes, 20_000, 200_000);
        Assert.InRange(memory.FromMs, nowMs - 900_000, nowMs - 60_000);
        Assert.InRange(store.IncidentsFromMs, memory.FromMs, nowMs);
        Assert.All(store.RecordOf(Ip.Parse("10.1.0.5"), new NodeRecords()).Incidents.SelectMany(part => part.Resets), reset => Assert.InRange(reset.AtMs, memory.FromMs - 185_000, nowMs));
    }

    /// <summary>Of a large cluster the syncs alone would exceed the limit.</summary>
    [Fact]
    public void Memory_FullOfSyncs_ForgetsTheOldest()
    {
        var store = new TimelineStore(new ClusterState(_clock), _clock, 20_000);
        for (int second = 1; second <= 1_800; second++)
            ApplySync(store, "node1", second);

        var memory = store.Memory;
        Assert.True(memory.IsLimited);
        Assert.InRange(memory.Bytes, 5_000, 40_000);
        Assert.InRange(memory.FromMs, T0 + 400_000, T0 + 1_740_000);
        Assert.Equal(memory.FromMs, store.SyncsFromMs);
        Assert.Equal("Older than the syncs in memory.", Assert.Single(store.SyncsAfter(memory.FromMs - 1)).Unknown);
        Assert.NotNull(Assert.Single(store.SyncsAfter(memory.FromMs + 500)).AtMs);
    }

    [Fact]
    public void Memory_OfANodeThatLeft_HasNoSyncs()
    {
        var syncs = new SyncLog();
        var store = new TimelineStore(new ClusterState(_clock), _clock, syncs: syncs);
        for (int second = 1; second <= 60; second++)
            ApplySync(store, "node1", second);
        store.Disconnected("node1");
        // Of a node that has not come back since the start.
        syncs.Restore([("node3", new RulesSync(T0, T0, T0, 0))]);
        Apply("node2", 1, 61);
        Assert.InRange(store.Memory.Bytes, 61 * 16, 10_000);
        for (int minute = 2; minute < 75; minute++)
            Apply("node2", (ulong)minute, minute * 60);

        Assert.Equal(0, store.Memory.Bytes);

        void Apply(string node, ulong sequence, int second)
        {
            _clock.SetUtcNow(DateTimeOffset.FromUnixTimeMilliseconds(T0 + (second * 1_000)));
            store.Apply(node, 1, Frame(sequence, T0 + (second * 1_000), true));
        }
    }

    private void ApplySync(TimelineStore store, string node, int second)
    {
        _clock.SetUtcNow(DateTimeOffset.FromUnixTimeMilliseconds(T0 + (second * 1_000)));
        var frame = Frame((ulong)second, T0 + (second * 1_000), second == 1);
        double endS = (T0 / 1000.0) + second - 0.3;
        frame.Proxy = new ProxyReading(T0 + (second * 1_000), true, ProxyMode.Nftables, 200, T0 / 1000.0, endS, endS - 0.2, 0.1, 0, 0, 0, 0, 0, 0, 0);
        store.Apply(node, 1, frame);
    }

    private void Fill(TimelineStore store, int seconds)
    {
        for (int second = 1; second <= seconds; second++)
        {
            _clock.SetUtcNow(DateTimeOffset.FromUnixTimeMilliseconds(T0 + (second * 1_000)));
            var groups = Enumerable.Range(0, 20).Where(i => second == 1 || (second + i) % 20 == 0)
                .Select(i => (Group with { Vip = Ip.V4(0x0A600100u + (uint)i) }, (uint)(second % 5) + 1, 0u)).ToArray();
            var frame = Frame((ulong)second, T0 + (second * 1_000), second == 1, groups);
            frame.Resets.Add(Reset(T0 + (second * 1_000), ResetKind.FromBackend, sport: (ushort)second));
            store.Apply("node1", 1, frame);
        }
    }

    /// <summary>A question about one Service does not touch the others, nor nodes without its entries.</summary>
    [Fact]
    public void View_OfOneVip_AllocatesForItsBackendsOnly()
    {
        var cluster = new ClusterState(_clock);
        cluster.Apply([new ServiceChange(Service(), false)]);
        var store = new TimelineStore(cluster, _clock);
        for (int second = -903; second <= 0; second += 3)
        {
            for (int node = 0; node < 50; node++)
            {
                // Of 20 virtual addresses the first is the Service's.
                var groups = second > -903 ? [] : Enumerable.Range(0, 20).Select(i => (
                    Group with { Vip = i == 0 ? Group.Vip : Ip.V4(0x0A600100u + (uint)i), Backend = Ip.V4(0x0A000000u + (uint)((node * 20) + i)) }, 1u, 0u)).ToArray();
                _clock.SetUtcNow(DateTimeOffset.FromUnixTimeMilliseconds(T0 + (second * 1_000)));
                store.Apply($"node{node}", 1, Frame((ulong)((second + 903) / 3) + 1, T0 + (second * 1_000), second == -903, groups));
            }
        }

        Assert.Equal(50, Assert.Single(View(0).Services).Backends.Count);
        long before = GC.GetAllocatedBytesForCurrentThread();
        const int queries = 10;
        for (int i = 1; i <= queries; i++)
            View(i);
        // 50 backends with an array of 900 columns each, of 1,000 groups.
        Assert.InRange((GC.GetAllocatedBytesForCurrentThread() - before) / queries, 50 * 900 * sizeof(int), 50 * 900 * sizeof(int) * 2);

        TimelineView View(int i) => store.Query(new TimelineQuery(T0 - 900_000 - i, T0 - i, 900, Service: Service().Key.Name));
    }

    private static GroupKey Backend(int i) => Group with { Backend = Ip.V4(0x0A010000u + (uint)i) };
}
