using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Cluster.State;
using ConntrackConsole.Ingest;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Wire;
using Microsoft.Extensions.Time.Testing;
using Xunit;
using static ConntrackConsole.Tests.Cluster.Objects;
using static ConntrackConsole.Tests.Timeline.Frames;

namespace ConntrackConsole.Tests.Ingest;

/// <summary>A kubelet died; its node's collector and its containers did not.</summary>
public sealed class AnsweringAddressesTests : IDisposable
{
    private static readonly Ip Backend = Ip.Parse("10.1.0.5");
    private readonly FakeTimeProvider _clock = new(DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_000));
    private readonly ClusterState _cluster;
    private readonly TimelineStore _timeline;
    private readonly LostNodeMonitor _monitor;
    private ulong _sequence;

    public AnsweringAddressesTests()
    {
        _cluster = new ClusterState(_clock);
        _timeline = new TimelineStore(_cluster, _clock);
        _monitor = new LostNodeMonitor(_cluster, _timeline, _clock);
        var pod = Pod("a", "10.1.0.5");
        var endpoint = new SliceEndpoint(pod.Ips, false, false, false, pod.Uid, pod.Node);
        _cluster.Apply([new NodeChange(Node("node1", "192.168.0.1"), false), new PodChange(pod, false), new ServiceChange(Service(), false), new SliceChange(Slice(Ready(pod)), false)]);
        _cluster.Confirm(NowMs);
        _timeline.Connected(Hello("node1"));
        _timeline.Connected(Hello("node2"));
        _monitor.Update();
        _cluster.Apply([new NodeChange(Node("node1", "192.168.0.1", reachable: false), false), new SliceChange(Slice(endpoint), false)]);
    }

    public void Dispose() => _monitor.Dispose();

    private long NowMs => _clock.GetUtcNow().ToUnixTimeMilliseconds();

    [Fact]
    public void TrafficIsAnsweredAndTheNodesCollectorReports_IsLiveNotStale()
    {
        // Only the kubelet is known to be dead, from the first moment on.
        Assert.Equal((OwnerState.Lost, EntryState.Unknown), State());
        Report(alive: 2);
        // The endpoint of a node that is not ready does not serve: no new connections, but those that it has are answered.
        Assert.Equal((OwnerState.Live, EntryState.Unready), State());
        Assert.Equal(OwnerState.Live, _cluster.History.HolderAt(Backend, NowMs).State);
        // It stays on the watch list: otherwise the evidence would end with it.
        Assert.Contains(Backend, _cluster.Current.AddressesWithoutLiveOwner(10));
    }

    [Fact]
    public void DataIsNotAcknowledgedAnyMore_IsLostAgain()
    {
        Report(alive: 2);
        Report(idle: 2);
        Assert.Equal(OwnerState.Live, State().Owner);
        Report(unacknowledged: 2);
        Assert.Equal((OwnerState.Lost, EntryState.Stale), State());
        Assert.Equal(OwnerState.Lost, _cluster.History.HolderAt(Backend, NowMs).State);
    }

    [Fact]
    public void EntriesAreIdle_AreOfUnknownState_UntilDataIsNotAcknowledged()
    {
        Report(idle: 2);
        Assert.Equal((OwnerState.Lost, EntryState.Unknown), State());
        var entries = Assert.Single(_timeline.Facts(new Dictionary<Ip, long>()).Services).Value;
        Assert.Equal((0L, 2L), (entries.Stale, entries.Unproven));
        Assert.Equal([Backend], entries.UnprovenBackends);
        Report(unacknowledged: 1, idle: 1);
        Assert.Equal((OwnerState.Lost, EntryState.Stale), State());
        // Idle again: nothing was answered since.
        Report(idle: 2);
        Assert.Equal((OwnerState.Lost, EntryState.Stale), State());
        Assert.Equal((2L, 0L), Assert.Single(_timeline.Facts(new Dictionary<Ip, long>()).Services).Value is var now ? (now.Stale, now.Unproven) : default);
    }

    [Fact]
    public void NodesCollectorIsSilent_IsLost()
    {
        Report(alive: 2);
        // A client's own keep-alive refreshes an entry on its node, too.
        _clock.Advance(TimeSpan.FromSeconds(20));
        Report(alive: 2, from: "node2");
        Assert.Equal((OwnerState.Lost, EntryState.Stale), State());
    }

    [Fact]
    public void EvidenceWithoutTraffic_Expires()
    {
        Report(alive: 2);
        for (int second = 0; second <= 300; second += 10)
        {
            _clock.Advance(TimeSpan.FromSeconds(10));
            Report(idle: 2);
        }

        Assert.Equal((OwnerState.Lost, EntryState.Unknown), State());
    }

    [Fact]
    public void NodeIsReachableAgain_NothingIsKept()
    {
        Report(alive: 2);
        _cluster.Apply([new NodeChange(Node("node1", "192.168.0.1"), false)]);
        _monitor.Update();
        Assert.Empty(_cluster.Current.Answering);
    }

    private (OwnerState Owner, EntryState Entry) State()
    {
        var entry = EntryStateClassifier.Of(_cluster.Current, Group, _cluster.History);
        Assert.Equal(entry, EntryStateClassifier.At(_cluster.History, Group, NowMs));
        return (_cluster.Current.OwnerOf(Backend).State, entry);
    }

    private void Report(uint alive = 0, uint idle = 0, uint unacknowledged = 0, string from = "node1")
    {
        _clock.Advance(TimeSpan.FromMilliseconds(100));
        var frame = Frame(++_sequence, NowMs, true, (Group, 2, 0));
        frame.WatchedAddresses.Add(new WatchedAddress(Backend, 2, 2, unacknowledged, idle, alive));
        _timeline.Apply(from, 1, frame);
        _monitor.Update();
    }
}
