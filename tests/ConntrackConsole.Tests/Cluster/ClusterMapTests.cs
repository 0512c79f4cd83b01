using ConntrackConsole.Cluster;
using ConntrackConsole.Wire;
using Xunit;
using static ConntrackConsole.Tests.Cluster.Objects;

namespace ConntrackConsole.Tests.Cluster;

public class ClusterMapTests
{
    private static readonly Ip PodIp = Ip.Parse("10.1.0.5");
    private static readonly PodInfo A = Pod("a", "10.1.0.5");
    private static readonly NodeChange NodeUp = new(Node("node1", "192.168.0.1"), false);
    private static readonly NodeChange NodeDown = new(Node("node1", "192.168.0.1", reachable: false), false);

    [Fact]
    public void OwnerOf_RunningPod_IsLive() =>
        Assert.Equal(OwnerState.Live, Map(NodeUp, new PodChange(A, false)).OwnerOf(PodIp).State);

    [Fact]
    public void OwnerOf_UnreachableNodeAndEndpointNotServing_IsLost()
    {
        var map = Map(NodeDown, new PodChange(A, false), new SliceChange(Slice(new Endpoint([PodIp], false, false, false, "a", "node1")), false));
        Assert.Equal(OwnerState.Lost, map.OwnerOf(PodIp).State);
    }

    [Fact]
    public void OwnerOf_UnreachableNodeButEndpointServes_IsLive() =>
        Assert.Equal(OwnerState.Live, Map(NodeDown, new PodChange(A, false), new SliceChange(Slice(Ready(A)), false)).OwnerOf(PodIp).State);

    [Fact]
    public void OwnerOf_LostNodeAndTerminatingForEver_IsLost() =>
        Assert.Equal(OwnerState.Lost, Map(NodeDown, new PodChange(A.Terminating(2_000), false)).OwnerOf(PodIp).State);

    [Fact]
    public void OwnerOf_DeletedPod_IsGoneWithItsName()
    {
        var owner = Map(NodeUp, new PodChange(A, false), new PodChange(A, true)).OwnerOf(PodIp);
        Assert.Equal((OwnerState.Gone, "shop/checkout-a", 5_000L), (owner.State, owner.Name!, owner.SinceMs!.Value));
    }

    [Fact]
    public void OwnerOf_AddressTakenByAnotherPod_IsLiveAgain()
    {
        var owner = Map(NodeUp, new PodChange(A, false), new PodChange(A, true), new PodChange(Pod("b", "10.1.0.5"), false)).OwnerOf(PodIp);
        Assert.Equal((OwnerState.Live, "b"), (owner.State, owner.Pod!.Uid));
    }

    [Fact]
    public void OwnerOf_EndedPodBesideARunningOne_TheRunningOneOwns()
    {
        var ended = A with { Phase = "Succeeded", ContainersEnded = true, CreatedMs = 9_000 };
        var map = Map(NodeUp, new PodChange(Pod("b", "10.1.0.5"), false), new PodChange(ended, false));
        Assert.Equal("b", map.OwnerOf(PodIp).Pod!.Uid);
    }

    [Fact]
    public void OwnerOf_HostNetworkPod_LeavesTheAddressToTheNode()
    {
        var agent = Pod("agent", "192.168.0.1") with { HostNetwork = true };
        var map = Map(NodeUp, new PodChange(agent, false));
        Assert.Equal(OwnerState.Node, map.OwnerOf(Ip.Parse("192.168.0.1")).State);
        Assert.Equal(OwnerState.Node, new PodChange(agent, true).ApplyTo(map, 1).OwnerOf(Ip.Parse("192.168.0.1")).State);
    }

    [Fact]
    public void OwnerOf_ClusterIp_IsTheService() =>
        Assert.Equal((OwnerState.Service, "shop/checkout"), Map(new ServiceChange(Service(), false)).OwnerOf(Ip.Parse(Vip)) is var o ? (o.State, o.Name) : default);

    [Fact]
    public void OwnerOf_AddressNeverSeen_IsUnknown() => Assert.Equal(OwnerState.Unknown, Map(NodeUp).OwnerOf(Ip.Parse("10.9.9.9")).State);

    [Fact]
    public void With_PodThatGetsItsAddressLater_ListsItOnce()
    {
        var pending = A with { Ips = [] };
        var map = Map(NodeUp, new PodChange(pending, false), new PodChange(A, false), new PodChange(A, false));
        Assert.Equal("a", map.PodAt(PodIp)!.Uid);
        Assert.Null(new PodChange(A, true).ApplyTo(map, 1).PodAt(PodIp));
    }

    [Fact]
    public void Remembering_MoreThanTheLimit_ForgetsTheOldest()
    {
        var map = ClusterMap.Empty;
        for (int i = 0; i <= ClusterMap.MaxGone; i++)
            map = map.Remembering(new GoneOwner(Ip.V4((uint)(0x0A000000 + i)), $"u{i}", $"shop/p{i}", i));
        Assert.Null(map.GoneAt(Ip.V4(0x0A000000)));
        Assert.NotNull(map.GoneAt(Ip.V4(0x0A000001)));
    }

    [Fact]
    public void ServiceAt_NodePortOnANodesAddress_FindsTheService()
    {
        var map = Map(NodeUp, new ServiceChange(Service(), false));
        Assert.Equal(Checkout, map.ServiceAt(Protocols.Tcp, Ip.Parse("192.168.0.1"), 30080));
        Assert.Null(map.ServiceAt(Protocols.Udp, Ip.Parse("192.168.0.1"), 30080));
        Assert.Null(map.ServiceAt(Protocols.Tcp, Ip.Parse("192.168.0.9"), 30080));
    }

    [Fact]
    public void With_ServiceMadeAnewUnderAnotherAddress_ForgetsTheOldOne()
    {
        var again = Service() with { Uid = "svc2", ClusterIps = [Ip.Parse("10.96.0.77")] };
        var map = Map(new ServiceChange(Service(), false), new ServiceChange(Service(), true), new ServiceChange(again, false));
        Assert.Null(map.ServiceAt(Protocols.Tcp, Ip.Parse(Vip), 80));
        Assert.Equal(Checkout, map.ServiceAt(Protocols.Tcp, Ip.Parse("10.96.0.77"), 80));
    }
}
