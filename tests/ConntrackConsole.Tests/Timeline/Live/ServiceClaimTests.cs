using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Cluster.State;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Wire;
using Microsoft.Extensions.Time.Testing;
using Xunit;
using static ConntrackConsole.Tests.Cluster.Objects;
using static ConntrackConsole.Tests.Timeline.Frames;

namespace ConntrackConsole.Tests.Timeline.Live;

/// <summary>Several Services claim one address and port.</summary>
public class ServiceClaimTests
{
    private const long T0 = 1_700_000_000_000;
    private static readonly PodInfo A = Pod("a", "10.1.0.5");

    private readonly FakeTimeProvider _clock = new(DateTimeOffset.FromUnixTimeMilliseconds(T0));
    private readonly ClusterState _cluster;
    private readonly TimelineStore _store;
    private ulong _sequence;

    public ServiceClaimTests()
    {
        _cluster = new ClusterState(_clock);
        _store = new TimelineStore(_cluster, _clock);
        _cluster.Watching();
        _store.Connected(Hello("node1"));
    }

    [Fact]
    public void Query_TwoServicesClaimThePort_LaneNamesBoth()
    {
        var first = Service() with { Uid = "svc2", Key = new ServiceKey("shop", "other") };
        Cluster(new NodeChange(Node("node1", "192.168.0.1"), false), new ServiceChange(first, false), new ServiceChange(Service(), false), new PodChange(A, false), new SliceChange(Slice(Ready(A)), false));
        Send(1, (Group, 2, 0));
        At(1_500);
        ServiceLane Lane(string name) => _store.Query(new TimelineQuery(T0, T0 + 5_000, 5)).Services.Single(lane => lane.Name == name);
        Assert.Equal(["shop/checkout", "shop/other"], Lane("other").Claims);

        Cluster(new ServiceChange(first, true));
        Assert.Empty(Lane("checkout").Claims);
    }

    [Fact]
    public void Query_TheNewerClaimEnds_TheEarlierOneAppliesAgain()
    {
        Cluster(new NodeChange(Node("node1", "192.168.0.1"), false), new ServiceChange(Service(), false), new PodChange(A, false), new SliceChange(Slice(Ready(A)), false));
        Send(1, (Group, 2, 0));
        var newer = Service() with { Uid = "svc2", Key = new ServiceKey("shop", "other") };
        At(1_500);
        Cluster(new ServiceChange(newer, false));
        Send(2, (Group, 2, 0));
        At(2_500);
        Cluster(new ServiceChange(newer, true));
        Send(3, (Group, 2, 0));
        Send(4, (Group, 2, 0));

        var lanes = _store.Query(new TimelineQuery(T0, T0 + 4_000, 4)).Services.Select(lane => (lane.Name, string.Join(' ', lane.Backends[0].Entries)));
        Assert.Equal([("checkout", "2 0 0 0"), ("checkout", "0 0 2 2"), ("other", "0 2 0 0")], lanes);
    }

    [Fact]
    public void Query_TheEarlierClaimIsModified_TheNewerStillApplies()
    {
        var newer = Service() with { Uid = "svc2", Key = new ServiceKey("shop", "other") };
        Cluster(new NodeChange(Node("node1", "192.168.0.1"), false), new ServiceChange(Service(), false), new PodChange(A, false), new SliceChange(Slice(Ready(A)), false));
        At(500);
        Cluster(new ServiceChange(newer, false));
        At(600);
        Cluster(new ServiceChange(Service() with { InternalLocal = true }, false));
        Send(1, (Group, 2, 0));

        Assert.Equal("other", _store.Query(new TimelineQuery(T0, T0 + 1_000, 1)).Services.Single(lane => lane.Backends.Count > 0).Name);
        Assert.Equal(newer.Key, _cluster.Current.ServiceAt(Group.Proto, Group.Vip, Group.Vport));
        Assert.Equal(newer.Key, _cluster.History.ServiceAt(Group.Proto, Group.Vip, Group.Vport, T0 + 1_000)?.Key);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Newest_TwoClaimsOfOneMoment_LiveAndStoredNameTheSame(bool otherFirst)
    {
        var other = Service() with { Uid = "svc2", Key = new ServiceKey("shop", "other") };
        ServiceChange[] changes = [new(Service(), false), new(other, false)];
        Cluster(otherFirst ? [changes[1], changes[0]] : changes);

        Assert.Equal(other.Key, _cluster.Current.ServiceAt(Group.Proto, Group.Vip, Group.Vport));
        Assert.Equal(other.Key, _cluster.History.ServiceAt(Group.Proto, Group.Vip, Group.Vport, T0)?.Key);
        Assert.Equal(other.Key, _cluster.History.LastServiceUntil(Group.Proto, Group.Vip, Group.Vport, T0)?.Key);
    }

    private void Cluster(params ClusterChange[] changes)
    {
        _cluster.Apply(changes);
        _cluster.Confirm(_clock.GetUtcNow().ToUnixTimeMilliseconds());
    }

    private void At(long ms) => _clock.SetUtcNow(DateTimeOffset.FromUnixTimeMilliseconds(T0 + ms));

    private void Send(int second, params (GroupKey, uint, uint)[] groups)
    {
        At(second * 1000);
        _store.Apply("node1", 1, Frame(++_sequence, T0 + (second * 1000), _sequence == 1, groups));
    }
}
