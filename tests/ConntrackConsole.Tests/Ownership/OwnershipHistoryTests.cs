using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Cluster.State;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Lifecycle;
using ConntrackConsole.Ownership;
using ConntrackConsole.Tests.Cluster;
using ConntrackConsole.Tests.Timeline;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Wire;
using Microsoft.Extensions.Time.Testing;
using Xunit;
using static ConntrackConsole.Tests.Cluster.Objects;

namespace ConntrackConsole.Tests.Ownership;

public class OwnershipHistoryTests
{
    private static readonly Ip PodIp = Ip.Parse("10.1.0.5");
    private static readonly PodInfo A = Pod("a", "10.1.0.5");
    private static readonly NodeChange NodeUp = new(Node("node1", "192.168.0.1"), false);

    private readonly FakeTimeProvider _clock = new(DateTimeOffset.FromUnixTimeMilliseconds(0));
    private readonly ClusterState _cluster;

    public OwnershipHistoryTests() => _cluster = new ClusterState(_clock);

    private OwnershipHistory History => _cluster.History;

    [Fact]
    public void OwnerAt_SuccessivePods_IsTheOneAtThatTime()
    {
        Begin(NodeUp);
        At(10_000, new PodChange(A, false));
        At(20_000, new PodChange(A.Terminating(19_500), false));
        At(30_000, new PodChange(A, true));
        At(40_000, new PodChange(Pod("b", "10.1.0.5"), false));

        Assert.Null(History.OwnerAt(PodIp, 9_999));
        Assert.Equal(("a", OwnerState.Live), History.OwnerAt(PodIp, 10_000) is { } o ? (o.PodUid, o.State) : default);
        // Arrival time: the time in the object (19,500) is on the API server's clock.
        Assert.Equal(OwnerState.Live, History.OwnerAt(PodIp, 19_999)!.State);
        Assert.Equal(("a", OwnerState.Terminating), History.OwnerAt(PodIp, 29_999) is { } t ? (t.PodUid, t.State) : default);
        Assert.Null(History.OwnerAt(PodIp, 30_000));
        Assert.Equal((OwnerState.Gone, "shop/checkout-a", 30_000L), History.OwnershipAt(PodIp, 35_000) is var g ? (g.State, g.Name!, g.SinceMs!.Value) : default);
        Assert.Equal("b", History.OwnerAt(PodIp, 99_000)!.PodUid);
        Assert.Equal(["a", "a", "b"], History.OwnersWithin(PodIp, 15_000, 99_000).Select(s => s.PodUid));
        Assert.Equal(["b"], History.OwnersWithin(PodIp, 30_000, 99_000).Select(s => s.PodUid));
    }

    [Fact]
    public void OwnerAt_FirstList_StartsNoEarlierThanThePod()
    {
        _clock.Advance(TimeSpan.FromSeconds(50));
        Begin(NodeUp, new PodChange(A with { CreatedMs = 7_000 }, false), new PodChange(Pod("t", "10.1.0.6").Terminating(30_000), false));
        var span = History.OwnerAt(PodIp, 7_000)!;
        Assert.Equal((7_000, Unseen.Begin, null), (span.FromMs, span.Unseen, span.ToMs));
        Assert.Null(History.OwnerAt(PodIp, 6_999));
        // A pod that is already terminating was live until its deletion was requested.
        Assert.Equal(OwnerState.Live, History.OwnerAt(Ip.Parse("10.1.0.6"), 29_999)!.State);
        Assert.Equal(OwnerState.Terminating, History.OwnerAt(Ip.Parse("10.1.0.6"), 30_000)!.State);
    }

    [Fact]
    public void OwnerAt_PodEndedBeforeTheFirstList_CurrentOwnerFollows()
    {
        _clock.Advance(TimeSpan.FromSeconds(50));
        var job = Pod("job", "10.1.0.5") with { ContainersEnded = true, FinishedMs = 20_000, Phase = "Succeeded" };
        Begin(NodeUp, new PodChange(job, false), new PodChange(A with { CreatedMs = 5_000 }, false));
        Assert.Equal("job", History.OwnerAt(PodIp, 19_999)!.PodUid);
        Assert.Equal("a", History.OwnerAt(PodIp, 20_000)!.PodUid);
    }

    [Fact]
    public void OwnerAt_HostNetworkPod_IsNullAndTheNodeOwnsTheAddress()
    {
        Begin(NodeUp, new PodChange(Pod("agent", "192.168.0.1") with { HostNetwork = true }, false));
        Assert.Null(History.OwnerAt(Ip.Parse("192.168.0.1"), 99_000));
        Assert.Equal((OwnerState.Node, "node1"), History.OwnershipAt(Ip.Parse("192.168.0.1"), 99_000) is var o ? (o.State, o.Name!) : default);
    }

    [Fact]
    public void OwnerAt_NodeUnreachableAndBack_EachStateHasASpan()
    {
        Begin(NodeUp, new PodChange(A, false));
        At(10_000, new NodeChange(Node("node1", "192.168.0.1", reachable: false), false));
        At(20_000, NodeUp);
        Assert.Equal(
            [OwnerState.Live, OwnerState.Lost, OwnerState.Live],
            ((long[])[9_999, 10_000, 20_000]).Select(at => History.OwnerAt(PodIp, at)!.State));
    }

    [Fact]
    public void ServiceAt_AddressReassigned_IsTheServiceAtThatTime()
    {
        var heir = Service() with { Uid = "svc2", Key = new ServiceKey("shop", "heir") };
        Begin(NodeUp);
        At(10_000, new ServiceChange(Service(), false));
        At(20_000, new ServiceChange(Service(), true));
        At(30_000, new ServiceChange(heir, false));
        var vip = Ip.Parse(Vip);
        Assert.Equal(Checkout, History.ServiceAt(Protocols.Tcp, vip, 80, 19_999)!.Key);
        Assert.Null(History.ServiceAt(Protocols.Tcp, vip, 80, 20_000));
        Assert.Equal(heir.Key, History.ServiceAt(Protocols.Tcp, vip, 80, 30_000)!.Key);
        Assert.Equal(Checkout, History.LastServiceUntil(Protocols.Tcp, vip, 80, 25_000)!.Key);
        Assert.Equal([Checkout, heir.Key], History.ServicesWithin(Protocols.Tcp, vip, 80, 15_000, 99_000).Select(s => s.Key));
        Assert.Equal(OwnerState.Service, History.OwnershipAt(vip, 15_000).State);
        Assert.Equal(OwnerState.Unknown, History.OwnershipAt(vip, 25_000).State);
        Assert.Equal(Checkout, History.ServiceAt(Protocols.Tcp, Ip.Parse("192.168.0.1"), 30080, 15_000)!.Key);
        // A node accepts traffic on addresses that are not in its object.
        Assert.Equal(Checkout, History.ServiceAt(Protocols.Tcp, Ip.Parse("172.20.0.1"), 30080, 15_000)!.Key);
    }

    [Fact]
    public void ServiceAt_PortAddedLater_ExistsFromThen()
    {
        Begin(new ServiceChange(Service(), false));
        At(10_000, new ServiceChange(Service() with { Ports = [.. Service().Ports, new("metrics", Protocols.Tcp, 9090, 0)] }, false));
        Assert.Null(History.ServiceAt(Protocols.Tcp, Ip.Parse(Vip), 9090, 9_999));
        Assert.NotNull(History.ServiceAt(Protocols.Tcp, Ip.Parse(Vip), 9090, 10_000));
        Assert.NotNull(History.ServiceAt(Protocols.Tcp, Ip.Parse(Vip), 80, 10_000));
    }

    [Fact]
    public void EndpointAt_ConditionsAndRemoval_AreTracked()
    {
        Begin(NodeUp, new PodChange(A, false), new SliceChange(Slice(Ready(A)), false));
        At(10_000, new SliceChange(Slice(Draining(A)), false));
        At(20_000, new SliceChange(Slice(new SliceEndpoint(A.Ips, false, false, true, "a", "node1")), false));
        At(30_000, new SliceChange(Slice(), false));
        Assert.Equal(
            [(true, true, false), (false, true, true), (false, false, true)],
            ((long[])[9_999, 10_000, 20_000]).Select(at => History.EndpointAt(Checkout, PodIp, at)!).Select(e => (e.Ready, e.Serving, e.Terminating)));
        Assert.Null(History.EndpointAt(Checkout, PodIp, 30_000));
        Assert.Equal("a", History.LastEndpointUntil(Checkout, PodIp, 99_000)!.PodUid);
    }

    [Fact]
    public void Follow_SliceChangesItsService_EndpointMoves()
    {
        var other = new ServiceKey("shop", "cart");
        Begin(new SliceChange(Slice(Ready(A)), false));
        At(10_000, new SliceChange(Slice(Ready(A)) with { Service = other }, false));
        Assert.Null(History.EndpointAt(Checkout, PodIp, 10_000));
        Assert.NotNull(History.EndpointAt(other, PodIp, 10_000));
    }

    [Fact]
    public void Follow_NoEffectiveChange_CreatesNoSpans()
    {
        Begin(NodeUp, new PodChange(A, false), new SliceChange(Slice(Ready(A)), false), new ServiceChange(Service(), false));
        History.TrackChanges();
        At(10_000, new PodChange(A with { Ready = true }, false), new SliceChange(Slice(Ready(A)), false), new ServiceChange(Service() with { Ports = [.. Service().Ports] }, false), NodeUp);
        Assert.Empty(History.Unsaved(10));
    }

    [Fact]
    public void Follow_ClockSetBack_KeepsTheOrder()
    {
        _clock.Advance(TimeSpan.FromSeconds(50));
        Begin(NodeUp, new PodChange(A, false));
        var later = A.Terminating(1);
        History.Follow(_cluster.Current, _cluster.Current.With(later, 60_000), new PodChange(later, false), 60_000);
        var map = _cluster.Current.With(later, 60_000);
        History.Follow(map, map.Without(later, 1), new PodChange(later, true), 40_000);
        Assert.Equal(OwnerState.Live, History.OwnerAt(PodIp, 59_999)!.State);
        Assert.Null(History.OwnerAt(PodIp, 60_000));
    }

    [Fact]
    public void Restore_BeyondTheLimit_DropsTheOldestAndCounts()
    {
        var history = new OwnershipHistory(maxOwners: 2, maxServices: 1, maxEndpoints: 1);
        history.Restore(
            [.. Enumerable.Range(0, 4).Select(i => new OwnerSpan(Ip.V4((uint)i + 1), $"u{i}", $"shop/p{i}", "node1", 0, 1_000 * (i + 1)))],
            [new ServiceSpan(Checkout, "1", [Ip.Parse(Vip)], Service().Ports, 0, 10), new ServiceSpan(new("shop", "b"), "2", [Ip.Parse("10.96.0.11")], Service().Ports, 0, 20)],
            [], 5_000);
        Assert.Null(history.OwnerAt(Ip.V4(1), 500));
        Assert.Null(history.OwnerAt(Ip.V4(2), 500));
        Assert.NotNull(history.OwnerAt(Ip.V4(3), 500));
        Assert.Null(history.ServiceAt(Protocols.Tcp, Ip.Parse(Vip), 80, 5));
        Assert.NotNull(history.ServiceAt(Protocols.Tcp, Ip.Parse("10.96.0.11"), 80, 5));
        Assert.Equal((3, 2_000), (history.Forgotten, history.CompleteSinceMs));
    }

    [Fact]
    public void EndpointAt_Flapping_KeepsOnlyTheNewest()
    {
        Begin(new SliceChange(Slice(Ready(A)), false));
        for (int i = 0; i < OwnershipHistory.MaxPerKey + 10; i++)
            At(1_000 * (i + 1), new SliceChange(Slice(i % 2 == 0 ? Draining(A) : Ready(A)), false));
        Assert.True(History.Forgotten > 0);
        Assert.Null(History.EndpointAt(Checkout, PodIp, 500));
        Assert.NotNull(History.EndpointAt(Checkout, PodIp, 200_000));
    }

    [Fact]
    public void Restore_TerminationWithoutSpans_NamesItsAddress()
    {
        _cluster.Restore([new Termination("u", "shop", "old-1", PodIp, "node1", null, 1_000, null, null, null, null, 2_000)]);
        Assert.Equal((OwnerState.Gone, "shop/old-1"), History.OwnershipAt(PodIp, 3_000) is var o ? (o.State, o.Name!) : default);
        Assert.Equal(OwnerState.Unknown, History.OwnershipAt(PodIp, 999).State);
    }

    [Fact]
    public void Follow_RandomChanges_HistoryMatchesTheMap()
    {
        var random = new Random(4711);
        Begin(NodeUp, new NodeChange(Node("node2", "192.168.0.2"), false));
        for (int step = 1; step <= 3_000; step++)
        {
            var map = _cluster.Current;
            var pod = Pod($"p{random.Next(12)}", $"10.1.0.{random.Next(6)}", $"node{random.Next(1, 3)}", step);
            if (map.Pods.TryGetValue(pod.Uid, out var known))
                pod = random.Next(3) == 0 ? known.Terminating(step) : random.Next(3) == 0 ? known with { ContainersEnded = true, FinishedMs = step * 1_000 } : known;
            int a = random.Next(6);
            bool ready = random.Next(2) == 0, serving = random.Next(2) == 0, terminating = random.Next(2) == 0;
            var endpoint = new SliceEndpoint([Ip.Parse($"10.1.0.{a}")], ready, serving, terminating, random.Next(4) == 0 ? null : $"p{random.Next(12)}", null);
            ClusterChange change = random.Next(6) switch
            {
                0 => new NodeChange(Node($"node{random.Next(1, 3)}", $"192.168.0.{random.Next(1, 3)}", random.Next(2) == 0), false),
                1 => new SliceChange(Slice(endpoint) with { Uid = $"s{random.Next(3)}" }, random.Next(4) == 0),
                2 when random.Next(4) == 0 => new ServiceChange(Service() with { Uid = $"svc{random.Next(2)}" }, random.Next(2) == 0),
                3 when known is not null => new PodChange(known, true),
                _ => new PodChange(pod, false),
            };
            At(step * 1_000, change);
            map = _cluster.Current;
            for (int i = 0; i < 6; i++)
            {
                var ip = Ip.Parse($"10.1.0.{i}");
                var (now, then) = (map.OwnerOf(ip), History.OwnershipAt(ip, step * 1_000));
                Assert.Equal((step, now.State), (step, then.State));
                if (now.Pod is { } owner)
                    Assert.Equal((step, owner.Uid), (step, History.OwnerAt(ip, step * 1_000)!.PodUid));
                var (condition, was) = (map.EndpointOf(Checkout, ip), History.EndpointAt(Checkout, ip, step * 1_000));
                Assert.Equal((condition?.Ready, condition?.Serving, condition?.Terminating, condition?.PodUid), (was?.Ready, was?.Serving, was?.Terminating, was?.PodUid));
                foreach (var key in (GroupKey[])[Frames.Key($"10.1.0.{i}"), Frames.Key($"10.1.0.{i}", null)])
                    Assert.Equal((step, EntryStateClassifier.Of(map, key, History)), (step, EntryStateClassifier.At(History, key, step * 1_000)));
            }

            Assert.Equal(map.ServiceAt(Protocols.Tcp, Ip.Parse(Vip), 80), History.ServiceAt(Protocols.Tcp, Ip.Parse(Vip), 80, step * 1_000)?.Key);
        }
    }

    private void Begin(params ClusterChange[] changes)
    {
        _cluster.Apply(changes);
        _cluster.Confirm(_clock.GetUtcNow().ToUnixTimeMilliseconds());
    }

    private void At(long ms, params ClusterChange[] changes)
    {
        _clock.SetUtcNow(DateTimeOffset.FromUnixTimeMilliseconds(ms));
        _cluster.Apply(changes);
    }
}
