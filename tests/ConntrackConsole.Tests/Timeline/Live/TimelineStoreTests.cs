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

public class TimelineStoreTests
{
    private const long T0 = 1_700_000_000_000;
    private static readonly PodInfo A = Pod("a", "10.1.0.5");

    private readonly FakeTimeProvider _clock = new(DateTimeOffset.FromUnixTimeMilliseconds(T0));
    private readonly ClusterState _cluster;
    private readonly SyncLog _syncs = new();
    private readonly TimelineStore _store;
    private ulong _sequence;

    public TimelineStoreTests()
    {
        _cluster = new ClusterState(_clock);
        _store = new TimelineStore(_cluster, _clock, syncs: _syncs);
    }

    [Fact]
    public void Rebuild_LateFrame_ReportsItsSync_AtItsReadingTime()
    {
        var late = Frame(2, T0 + 2_000, false);
        late.Proxy = new ProxyReading(T0 + 2_000, true, ProxyMode.Nftables, 200, T0 / 1000.0, (T0 / 1000.0) + 1.5, (T0 / 1000.0) + 1.2, 0.1, 0, 0, 0, 0, 0, 0, 0);
        _clock.Advance(TimeSpan.FromMinutes(5));
        _store.Apply("node1", 1, Frame(3, T0 + 3_000, true));
        Assert.True(_store.Apply("node1", 1, late).IsLate);
        _store.Rebuild("node1", [(1, Frame(1, T0 + 1_000, true)), (1, late), (1, Frame(3, T0 + 3_000, false))]);
        var (node, sync) = Assert.Single(_syncs.DrainDirty());
        Assert.Equal(("node1", T0 + 1_500, T0 + 2_000), (node, sync.AtMs, sync.SeenMs));
        Assert.Equal(T0 + 1_500, Assert.Single(_store.SyncsAfter(T0 + 1_000)).AtMs);
    }

    [Fact]
    public void Query_DeletedPod_EntriesAreActiveThenDrainingThenStale()
    {
        Cluster(new NodeChange(Node("node1", "192.168.0.1"), false), new ServiceChange(Service(), false), new PodChange(A, false), new SliceChange(Slice(Ready(A)), false));
        Send(1, (Group, 4, 0));
        Send(2);
        At(2_500);
        Cluster(new PodChange(A.Terminating(T0 + 2_000), false), new SliceChange(Slice(Draining(A)), false));
        Send(3);
        Assert.Equal(EntryState.Draining, Series().StateNow);
        At(3_500);
        Cluster(new SliceChange(Slice(), false), new PodChange(A, true));
        Send(4);
        Send(5, (Group, 3, 1));

        var view = _store.Query(new TimelineQuery(T0, T0 + 8_000, 8));
        var lane = Assert.Single(view.Services);
        Assert.Equal(("shop", "checkout", Vip, 80, "tcp"), (lane.Namespace, lane.Name, lane.Vip, lane.Port, lane.Proto));
        var series = Assert.Single(lane.Backends);
        Assert.Equal(("10.1.0.5", 8080, "shop/checkout-a"), (series.BackendIp, series.Port, series.Pod!));
        Assert.Equal([4, 4, 4, 4, 3, -1, -1, -1], series.Entries);
        Assert.Equal([0, 0, 0, 4, 3, -1, -1, -1], series.Stale);
        Assert.Equal([0, 0, 0, 0, 1, -1, -1, -1], series.Closing);
        Assert.Equal((EntryState.Stale, OwnerState.Gone), (series.StateNow, series.Owner));
        var span = Assert.Single(view.Terminations);
        Assert.Equal((3, OwnerState.Gone, "shop/checkout"), (span.StaleEntries, span.Owner, span.Service!));
    }

    [Fact]
    public void Query_AddressTakenByAnotherPod_IsReassigned()
    {
        Cluster(new NodeChange(Node("node1", "192.168.0.1"), false), new ServiceChange(Service(), false), new PodChange(A, false), new SliceChange(Slice(Ready(A)), false));
        Send(1, (Group, 2, 0));
        At(1_500);
        Cluster(new SliceChange(Slice(), false), new PodChange(A, true), new PodChange(Pod("b", "10.1.0.5"), false));
        Assert.Equal((EntryState.Reassigned, OwnerState.Live), Series() is var s ? (s.StateNow, s.Owner) : default);
        // The former owner's termination no longer claims the entries of the address.
        Assert.Equal(0, Assert.Single(_store.Query(new TimelineQuery(T0, T0 + 5_000, 5)).Terminations).StaleEntries);
    }

    [Fact]
    public void Query_EntriesAtAServicesOwnAddress_AreItsUntranslatedOnes()
    {
        Cluster(new NodeChange(Node("node1", "192.168.0.1"), false), new ServiceChange(Service(), false), new PodChange(A, false), new SliceChange(Slice(Ready(A)), false));
        Send(1, (Group with { Backend = Group.Vip, Bport = Group.Vport }, 2, 0));
        At(1_500);

        var series = Series();
        Assert.Equal((EntryState.Untranslated, OwnerState.Service, "shop/checkout"), (series.StateNow, series.Owner, series.Pod));
        Assert.Equal([2, 2], [series.Entries[0], series.Stale[0]]);
        var service = Assert.Single(_store.Facts(new Dictionary<Ip, long>()).Services);
        Assert.Equal((Checkout, 2L, 0L), (service.Key, service.Value.Untranslated, service.Value.Stale));
    }

    [Fact]
    public void Query_Lane_HasWhatIpvsKeepsNow()
    {
        var kept = new IpvsServerConnections(Group.Proto, Group.Vip, Group.Vport, Group.Backend, Group.Bport, true, 3, 900);
        var frame = Frame(1, T0, true, (Group, 2, 0));
        frame.Ipvs = new IpvsReading(IpvsReadState.Complete, false, [kept, kept with { IsRemoved = false, Connections = 5 }, kept with { Vport = 81 }], 0);
        Assert.Null(_store.Apply("node1", 1, frame).Rejection);

        var lane = Assert.Single(_store.Query(new TimelineQuery(T0 - 1_000, T0 + 4_000, 5)).Services);
        Assert.Equal((3L, 5L), (lane.IpvsRemoved, lane.IpvsDraining));

        At(60_000); // The node is silent: what it kept is not what it keeps now.
        Assert.Equal(0, _store.Query(new TimelineQuery(T0 - 1_000, T0 + 61_000, 62)).Services.Sum(service => service.IpvsRemoved));
    }

    [Fact]
    public void Query_UnknownNode_MakesSumUnknownOnlyWithItsEntries()
    {
        var other = Key("10.1.0.6");
        Send(1, (Group, 2, 0));
        SendFrom("node2", 1, 1, true, (Group, 3, 0), (other, 1, 0));
        // node2 is silent from here on; node1 reports that `other` has entries there too.
        Send(2, (Key("10.1.0.7"), 5, 0));
        Send(3);
        var lane = Assert.Single(_store.Query(new TimelineQuery(T0, T0 + 3_000, 3)).Services);
        Assert.Equal([5, -1, -1], lane.Backends.Single(b => b.BackendIp == "10.1.0.5").Entries);
        Assert.Equal([0, 5, 5], lane.Backends.Single(b => b.BackendIp == "10.1.0.7").Entries);
    }

    [Fact]
    public void Query_WideColumns_ShowMaximum()
    {
        Send(1, (Group, 1, 0));
        Send(2, (Group, 9, 0));
        Send(3, (Group, 2, 0));
        Send(4);
        Assert.Equal([9, 2], Series(new TimelineQuery(T0, T0 + 4_000, 2)).Entries);
    }

    [Fact]
    public void Query_BeforeTheFirstFrame_IsUnknown() 
    {
        Send(3, (Group, 4, 0));
        Assert.Equal([-1, -1, 4], Series(new TimelineQuery(T0, T0 + 3_000, 3)).Entries);
    }

    [Fact]
    public void Apply_SequenceJump_IsGapUntilNextKeyFrame()
    {
        Send(1, (Group, 4, 0));
        _sequence += 2;
        Send(2, (Group, 9, 0));
        SendFrom("node1", 3, ++_sequence, true, (Group, 6, 0));
        var view = _store.Query(new TimelineQuery(T0, T0 + 3_000, 3));
        Assert.Equal([4, -1, 6], view.Services[0].Backends[0].Entries);
        var gap = Assert.Single(view.Gaps);
        Assert.Equal((GapKind.SequenceJump, T0 + 1_000, T0 + 2_000), (gap.Kind, gap.FromMs, gap.ToMs));
        Assert.Contains("2 frames are missing", gap.Text);
    }

    [Fact]
    public void Apply_SameFrameTwice_CountsItsResetsOnce()
    {
        var frame = Frame(1, T0 + 1_000, true, (Group, 1, 0));
        frame.Resets.Add(Reset(T0 + 500, ResetKind.UnNated));
        Connect("node1");
        At(1_000);
        _store.Apply("node1", 1, frame);
        _store.Apply("node1", 1, frame);
        Assert.Equal(1, _store.Query(new TimelineQuery(T0, T0 + 1_000, 1)).Resets.UnNated[0]);
    }

    [Fact]
    public void Query_ResetsOfEachKind_AreInTheirLane()
    {
        var frame = Frame(1, T0 + 1_000, true, (Group, 1, 0));
        ushort sport = 40_000;
        foreach (var kind in Enum.GetValues<ResetKind>())
            frame.Resets.Add(Reset(T0 + 500, kind, sport: sport++));
        Connect("node1");
        At(1_000);
        _store.Apply("node1", 1, frame);

        foreach (string? node in (string?[])[null, "node1"])
        {
            var lane = _store.Query(new TimelineQuery(T0, T0 + 1_000, 1) { Node = node }).Resets;
            Assert.Equal((1, 3, 3), (lane.UnNated[0], lane.FromBackend[0], lane.Other[0])); // refused and new backend: the backend's
        }
    }

    [Fact]
    public void Query_SilentNode_ExtendsGapUntilNextFrame()
    {
        Send(1, (Group, 4, 0));
        At(4_000);
        Assert.Empty(_store.Query(new TimelineQuery(T0, T0 + 9_000, 9)).Gaps);
        At(6_000);
        var open = Assert.Single(_store.Query(new TimelineQuery(T0, T0 + 9_000, 9)).Gaps);
        Assert.Equal(("node1", GapKind.Silent, T0 + 1_000, T0 + 6_000), (open.Node, open.Kind, open.FromMs, open.ToMs));
        SendFrom("node1", 8, ++_sequence, true, (Group, 4, 0));
        var closed = Assert.Single(_store.Query(new TimelineQuery(T0, T0 + 9_000, 9)).Gaps);
        Assert.Equal((T0 + 1_000, T0 + 8_000), (closed.FromMs, closed.ToMs));
        Assert.Equal([4, -1, -1, -1, -1, -1, -1, 4, -1], Series(new TimelineQuery(T0, T0 + 9_000, 9)).Entries);
    }

    [Fact]
    public void Tick_SilentNode_SignalsThePages()
    {
        Send(1, (Group, 4, 0));
        int signals = 0;
        using var subscription = _store.Subscribe(() => signals++);
        _store.Tick();
        Assert.Equal(0, signals);
        At(5_000);
        _store.Tick();
        Assert.Equal(1, signals);
    }

    [Fact]
    public void Subscribe_Disposed_ReceivesNoSignals()
    {
        int signals = 0;
        long before = _store.Version;
        var subscription = _store.Subscribe(() => signals++);
        Connect("node1");
        Assert.Equal(1, signals);
        Assert.True(_store.Version > before);
        subscription.Dispose();
        Connect("node2");
        Assert.Equal(1, signals);
    }

    [Fact]
    public void Apply_ClockFarAhead_IsRejected()
    {
        Assert.Equal(FrameReasons.ClockAhead, _store.Apply("node1", 1, Frame(1, T0 + 60_000, true, (Group, 4, 0))).Rejection?.Code);
        Assert.Empty(_store.Query(new TimelineQuery(T0, T0 + 90_000, 9)).Services);
    }

    [Fact]
    public void Apply_KeyFrameWithoutGroup_EndsGroup()
    {
        Send(1, (Group, 4, 0));
        SendFrom("node1", 2, ++_sequence, true);
        Assert.Equal([4, 0], Series(new TimelineQuery(T0, T0 + 2_000, 2)).Entries);
    }

    [Fact]
    public void Query_Filters_ExcludeTheRest()
    {
        Cluster(new ServiceChange(Service(), false));
        Send(1, (Group, 4, 0));
        Assert.Single(_store.Query(new TimelineQuery(T0, T0 + 2_000, 2, Namespace: "shop")).Services);
        Assert.Single(_store.Query(new TimelineQuery(T0, T0 + 2_000, 2, Service: "checkout")).Services);
        Assert.Empty(_store.Query(new TimelineQuery(T0, T0 + 2_000, 2, Namespace: "other")).Services);
        Assert.Empty(_store.Query(new TimelineQuery(T0, T0 + 2_000, 2, Node: "node9")).Services);
    }

    [Fact]
    public void Detail_OfAnAddress_CountsEntriesPerNodeAndState()
    {
        Cluster(new NodeChange(Node("node1", "192.168.0.1"), false), new ServiceChange(Service(), false), new PodChange(A, false), new PodChange(A, true));
        Send(1, (Group, 4, 2));
        var detail = Detail("10.1.0.5");
        Assert.Equal(("shop/checkout-a", OwnerState.Gone), (detail.Name!, detail.Owner.State));
        Assert.Equal(
            [new NodeEntries("node1", "shop/checkout", EntryState.Stale, "ESTABLISHED", 4), new NodeEntries("node1", "shop/checkout", EntryState.Closing, "TIME_WAIT", 2)],
            detail.Entries);
        Assert.Equal(4, detail.Termination!.StaleEntries);
        Assert.Equal(detail.Entries, Detail("a").Entries);
    }

    [Fact]
    public void Query_AddressMovedBetweenServices_ShowsEachInItsTime()
    {
        var heir = Service() with { Uid = "svc2", Key = new ServiceKey("shop", "heir") };
        Cluster(new NodeChange(Node("node1", "192.168.0.1"), false), new ServiceChange(Service(), false), new PodChange(A, false), new SliceChange(Slice(Ready(A)), false));
        Send(1, (Group, 4, 0));
        Send(2);
        Send(3);
        At(3_500);
        Cluster(new ServiceChange(Service(), true), new SliceChange(Slice(), true));
        Send(4);
        At(4_500);
        Cluster(new ServiceChange(heir, false), new SliceChange(Slice(Ready(A)) with { Uid = "s2", Service = heir.Key }, false));
        Send(5);
        Send(6);

        var lanes = _store.Query(new TimelineQuery(T0, T0 + 6_000, 6)).Services;
        Assert.Equal(["checkout", "heir"], lanes.Select(l => l.Name));
        Assert.Equal([4, 4, 4, 4, 0, 0], lanes[0].Backends[0].Entries);
        Assert.Equal([0, 0, 0, 0, 4, 4], lanes[1].Backends[0].Entries);
        // An old window has the old name, and no other.
        Assert.Equal("checkout", Assert.Single(_store.Query(new TimelineQuery(T0, T0 + 4_000, 4)).Services).Name);
        Assert.Equal("heir", Assert.Single(_store.Query(new TimelineQuery(T0 + 5_000, T0 + 6_000, 1)).Services).Name);
        Assert.Empty(_store.Query(new TimelineQuery(T0 + 5_000, T0 + 6_000, 1, Service: "checkout")).Services);
    }

    [Fact]
    public void Query_AddressReusedByPod_HasLastNameAndFormerPods()
    {
        Cluster(new NodeChange(Node("node1", "192.168.0.1"), false), new ServiceChange(Service(), false), new PodChange(A, false), new SliceChange(Slice(Ready(A)), false));
        Send(1, (Group, 4, 0));
        Send(2);
        At(2_500);
        Cluster(new SliceChange(Slice(), false), new PodChange(A, true));
        Send(3);
        At(3_500);
        Cluster(new PodChange(Pod("b", "10.1.0.5"), false));
        Send(4);
        Send(5);
        var series = Series(new TimelineQuery(T0, T0 + 5_000, 5));
        Assert.Equal(("shop/checkout-b", OwnerState.Live), (series.Pod!, series.Owner));
        Assert.Equal(["shop/checkout-a"], series.FormerPods);
        var old = Series(new TimelineQuery(T0, T0 + 3_000, 3));
        Assert.Equal(("shop/checkout-a", OwnerState.Gone), (old.Pod!, old.Owner));
        Assert.Empty(old.FormerPods);
        Assert.Equal(("shop/checkout-b", OwnerState.Live), Detail("10.1.0.5") is var now ? (now.Name!, now.Owner.State) : default);
        Assert.Equal(("shop/checkout-a", OwnerState.Live), Detail("10.1.0.5", T0 + 2_000) is var then ? (then.Name!, then.Owner.State) : default);
        Assert.Equal("a", Detail("10.1.0.5", T0 + 2_000).Termination!.Uid);
    }

    [Fact]
    public void Query_DeletedService_KeepsNameForItsEntries()
    {
        Cluster(new NodeChange(Node("node1", "192.168.0.1"), false), new ServiceChange(Service(), false), new PodChange(A, false), new SliceChange(Slice(Ready(A)), false));
        Send(1, (Group, 4, 0));
        At(1_500);
        Cluster(new ServiceChange(Service(), true), new SliceChange(Slice(), true), new PodChange(A, true));
        Send(2);
        Assert.Equal("checkout", Assert.Single(_store.Query(new TimelineQuery(T0 + 1_900, T0 + 3_000, 1)).Services).Name);
        Assert.Equal("shop/checkout", Assert.Single(Detail("10.1.0.5").Entries).Service);
    }

    [Theory]
    [InlineData(-2_000)] // the node's clock is two seconds ahead of the console's
    [InlineData(0)]
    [InlineData(2_000)]
    public void Query_NodeClockOffset_NotStaleBeforePodEnd(int offsetMs)
    {
        Cluster(new NodeChange(Node("node1", "192.168.0.1"), false), new ServiceChange(Service(), false), new PodChange(A, false), new SliceChange(Slice(Ready(A)), false));
        Connect("node1");
        for (int second = 1; second <= 8; second++)
        {
            At(second * 1_000);
            if (second == 5)
                Cluster(new SliceChange(Slice(), false), new PodChange(A, true));
            // The entries exist until the sixth second.
            var frame = Frame((ulong)second, T0 + (second * 1_000) - offsetMs, second == 1, (Group, second < 7 ? 4u : 0u, 0));
            frame.Cost = new CollectorCost(FollowMode.Events, 0, 0, 0, 0, offsetMs, 0);
            Assert.Equal(default, _store.Apply("node1", 1, frame));
        }

        var series = Series(new TimelineQuery(T0, T0 + 8_000, 8));
        Assert.Equal([4, 4, 4, 4, 4, 4, 0, 0], series.Entries);
        Assert.Equal([0, 0, 0, 0, 4, 4, 0, 0], series.Stale);
    }

    [Theory]
    [InlineData(-5_000)]
    [InlineData(5_000)]
    public void Query_ApiServerClockOffset_DrainsFromConsoleTime(int apiMs)
    {
        Cluster(new NodeChange(Node("node1", "192.168.0.1"), false), new ServiceChange(Service(), false), new PodChange(A, false), new SliceChange(Slice(Ready(A)), false));
        At(2_500);
        Cluster(new PodChange(A.Terminating(T0 + 2_500 + apiMs), false), new SliceChange(Slice(Draining(A)), false));
        At(6_000);
        Assert.Equal(
            [(0L, EntryState.Active), (2_500, EntryState.Draining)],
            StateHistory.Within(_cluster.History, Group, T0, T0 + 6_000).Select(s => (s.AtMs - T0, s.State)));
    }

    private void Cluster(params ClusterChange[] changes)
    {
        _cluster.Watching();
        _cluster.Apply(changes);
        _cluster.Confirm(_clock.GetUtcNow().ToUnixTimeMilliseconds());
    }

    private void At(long ms) => _clock.SetUtcNow(DateTimeOffset.FromUnixTimeMilliseconds(T0 + ms));

    private void Connect(string node) => _store.Connected(Hello(node));

    private void Send(int second, params (GroupKey, uint, uint)[] groups) => SendFrom("node1", second, ++_sequence, _sequence == 1, groups);

    private void SendFrom(string node, int second, ulong sequence, bool key, params (GroupKey, uint, uint)[] groups)
    {
        if (T0 + (second * 1000) > _clock.GetUtcNow().ToUnixTimeMilliseconds())
            At(second * 1000);
        Connect(node);
        Assert.Equal(default, _store.Apply(node, 1, Frame(sequence, T0 + (second * 1000), key, groups)));
    }

    private BackendSeries Series(TimelineQuery? query = null) =>
        Assert.Single(Assert.Single(_store.Query(query ?? new TimelineQuery(T0, T0 + 8_000, 8)).Services).Backends);

    private PodDetail Detail(string podUidOrIp, long? asOfMs = null) => _store.Read(reading => reading.Detail(podUidOrIp, asOfMs));
}
