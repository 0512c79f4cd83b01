using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Kubernetes.Parsing;
using ConntrackConsole.Wire;
using Xunit;
using static ConntrackConsole.Tests.Cluster.Objects;

namespace ConntrackConsole.Tests.Cluster.Model;

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
        var map = Map(NodeDown, new PodChange(A, false), new SliceChange(Slice(new SliceEndpoint([PodIp], false, false, false, "a", "node1")), false));
        Assert.Equal(OwnerState.Lost, map.OwnerOf(PodIp).State);
    }

    [Fact]
    public void OwnerOf_UnreachableNodeButEndpointServes_IsLive() =>
        Assert.Equal(OwnerState.Live, Map(NodeDown, new PodChange(A, false), new SliceChange(Slice(Ready(A)), false)).OwnerOf(PodIp).State);

    [Fact]
    public void OwnerOf_LostNodeAndTerminating_IsLost() =>
        Assert.Equal(OwnerState.Lost, Map(NodeDown, new PodChange(A.Terminating(2_000), false)).OwnerOf(PodIp).State);

    [Fact]
    public void OwnerOf_DeletedPod_IsGoneWithItsName()
    {
        var owner = Map(NodeUp, new PodChange(A, false), new PodChange(A, true)).OwnerOf(PodIp);
        Assert.Equal((OwnerState.Gone, "shop/checkout-a", 5_000L), (owner.State, owner.Name!, owner.SinceMs!.Value));
    }

    [Fact]
    public void OwnerOf_AddressReusedByAnotherPod_IsLive()
    {
        var owner = Map(NodeUp, new PodChange(A, false), new PodChange(A, true), new PodChange(Pod("b", "10.1.0.5"), false)).OwnerOf(PodIp);
        Assert.Equal((OwnerState.Live, "b"), (owner.State, owner.Pod!.Uid));
    }

    [Fact]
    public void OwnerOf_EndedAndRunningPod_IsTheRunningOne()
    {
        var ended = A with { Phase = "Succeeded", ContainersEnded = true, CreatedMs = 9_000 };
        var map = Map(NodeUp, new PodChange(Pod("b", "10.1.0.5"), false), new PodChange(ended, false));
        Assert.Equal("b", map.OwnerOf(PodIp).Pod!.Uid);
    }

    [Fact]
    public void OwnerOf_HostNetworkPod_IsTheNode()
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
    public void With_PodGetsItsAddressLater_IsIndexedOnce()
    {
        var pending = A with { Ips = [] };
        var map = Map(NodeUp, new PodChange(pending, false), new PodChange(A, false), new PodChange(A, false));
        Assert.Equal("a", map.PodAt(PodIp)!.Uid);
        Assert.Null(new PodChange(A, true).ApplyTo(map, 1).PodAt(PodIp));
    }

    [Fact]
    public void WithFormerOwner_BeyondTheLimit_DropsTheOldest()
    {
        var map = ClusterMap.Empty;
        for (int i = 0; i <= ClusterMap.MaxGone; i++)
            map = map.WithFormerOwner(new FormerOwner(Ip.V4((uint)(0x0A000000 + i)), $"u{i}", $"shop/p{i}", i));
        Assert.Null(map.GoneAt(Ip.V4(0x0A000000)));
        Assert.NotNull(map.GoneAt(Ip.V4(0x0A000001)));
    }

    [Fact]
    public void ServiceAt_NodePortOnNodeAddress_IsTheService()
    {
        var map = Map(NodeUp, new ServiceChange(Service(), false));
        Assert.Equal(Checkout, map.ServiceAt(Protocols.Tcp, Ip.Parse("192.168.0.1"), 30080));
        Assert.Null(map.ServiceAt(Protocols.Udp, Ip.Parse("192.168.0.1"), 30080));
        Assert.Null(map.ServiceAt(Protocols.Tcp, Ip.Parse("192.168.0.9"), 30080));
    }

    [Fact]
    public void With_ServiceRecreatedWithAnotherAddress_DropsTheOldOne()
    {
        var again = Service() with { Uid = "svc2", ClusterIps = [Ip.Parse("10.96.0.77")] };
        var map = Map(new ServiceChange(Service(), false), new ServiceChange(Service(), true), new ServiceChange(again, false));
        Assert.Null(map.ServiceAt(Protocols.Tcp, Ip.Parse(Vip), 80));
        Assert.Equal(Checkout, map.ServiceAt(Protocols.Tcp, Ip.Parse("10.96.0.77"), 80));
    }

    [Fact]
    public void OwnerOf_NoNodeKnown_IsNotLost() =>
        Assert.Equal(OwnerState.Live, Map(new PodChange(A, false)).OwnerOf(PodIp).State);

    [Fact]
    public void OwnerOf_NodeDeleted_IsLost() =>
        Assert.Equal(OwnerState.Lost, Map(NodeUp, new NodeChange(Node("node2", "192.168.0.2"), false), new PodChange(A, false), new NodeChange(Node("node1", "192.168.0.1"), true)).OwnerOf(PodIp).State);

    [Fact]
    public void OwnerOf_FinishedJobDeletedLater_IsStillTheLaterOwner()
    {
        var job = Pod("job", "10.1.0.5") with { Phase = "Succeeded", ContainersEnded = true, FinishedMs = 2_000 };
        var map = Map(NodeUp, new PodChange(job, false), new PodChange(A, false), new PodChange(A, true));
        // Its object still exists with the address in its status.
        Assert.Equal((OwnerState.Gone, "shop/checkout-a"), map.OwnerOf(PodIp) is var o ? (o.State, o.Name!) : default);
        Assert.Equal("shop/checkout-a", new PodChange(job, true).ApplyTo(map, 90_000).OwnerOf(PodIp).Name);
    }

    [Fact]
    public void Without_FinalObjectHasNoAddress_KeepsTheFormerOwner() =>
        Assert.Equal(OwnerState.Gone, Map(NodeUp, new PodChange(A, false), new PodChange(A with { Ips = [] }, true)).OwnerOf(PodIp).State);

    [Fact]
    public void EndpointOf_DualStack_IsReadFromTheSliceOfEachFamily()
    {
        Ip v6 = Ip.Parse("fd00:1::5"), vip6 = Ip.Parse("fd00:96::a");
        var pod = A with { Ips = [PodIp, v6] };
        var service = Service() with { ClusterIps = [Ip.Parse(Vip), vip6] };
        var slice4 = Slice(new SliceEndpoint([PodIp], true, true, false, "a", "node1"));
        var slice6 = slice4 with { Uid = "slice6", Endpoints = [new SliceEndpoint([v6], false, true, true, "a", "node1")] };
        var map = Map(NodeUp, new PodChange(pod, false), new ServiceChange(service, false), new SliceChange(slice4, false), new SliceChange(slice6, false));
        Assert.Equal("a", map.OwnerOf(v6).Pod!.Uid);
        Assert.Equal(Checkout, map.ServiceAt(Protocols.Tcp, vip6, 80));
        Assert.True(map.EndpointOf(Checkout, PodIp)!.Ready);
        Assert.True(map.EndpointOf(Checkout, v6)!.Terminating);
        map = new PodChange(pod, true).ApplyTo(map, 9_000);
        Assert.Equal((OwnerState.Gone, OwnerState.Gone), (map.OwnerOf(PodIp).State, map.OwnerOf(v6).State));
    }

    [Fact]
    public void ServiceAt_EveryVirtualAddress_IsTheService()
    {
        var service = Service() with
        {
            Ports = [new("http", Protocols.Tcp, 80, 30080), new("dns", Protocols.Udp, 53, 30053)],
            OtherIps = [Ip.Parse("203.0.113.7"), Ip.Parse("198.51.100.1")],
        };
        var map = Map(NodeUp, new ServiceChange(service, false));
        foreach (string vip in (string[])[Vip, "203.0.113.7", "198.51.100.1"])
        {
            Assert.Equal(Checkout, map.ServiceAt(Protocols.Tcp, Ip.Parse(vip), 80));
            Assert.Equal(Checkout, map.ServiceAt(Protocols.Udp, Ip.Parse(vip), 53));
            Assert.Null(map.ServiceAt(Protocols.Tcp, Ip.Parse(vip), 53));
            Assert.Equal(OwnerState.Service, map.OwnerOf(Ip.Parse(vip)).State);
        }

        Assert.Equal(Checkout, map.ServiceAt(Protocols.Udp, Ip.Parse("192.168.0.1"), 30053));
    }

    [Fact]
    public void ServiceAt_SharedExternalAddress_OneDeleted_OtherRemains()
    {
        var shared = Ip.Parse("203.0.113.7");
        var one = Service() with { OtherIps = [shared] };
        var other = new ServiceInfo("svc2", new ServiceKey("shop", "cart"), [Ip.Parse("10.96.0.11")], [new("http", Protocols.Tcp, 8080, 0)]) { OtherIps = [shared] };
        var map = Map(new ServiceChange(one, false), new ServiceChange(other, false));
        Assert.Equal((Checkout, other.Key), (map.ServiceAt(Protocols.Tcp, shared, 80), map.ServiceAt(Protocols.Tcp, shared, 8080)));
        map = new ServiceChange(other, true).ApplyTo(map, 1);
        Assert.Equal((Checkout, null), (map.ServiceAt(Protocols.Tcp, shared, 80), map.ServiceAt(Protocols.Tcp, shared, 8080)));
        Assert.Equal("shop/checkout", map.OwnerOf(shared).Name);
    }

    [Fact]
    public void ServiceAt_AddressReassignedBeforeDeletionArrives_IsTheNewService()
    {
        var heir = Service() with { Uid = "svc2", Key = new ServiceKey("shop", "heir") };
        var map = Map(new ServiceChange(Service(), false), new ServiceChange(heir, false));
        Assert.Equal(heir.Key, map.ServiceAt(Protocols.Tcp, Ip.Parse(Vip), 80));
        map = new ServiceChange(Service(), true).ApplyTo(map, 1);
        Assert.Equal(heir.Key, map.ServiceAt(Protocols.Tcp, Ip.Parse(Vip), 80));
    }

    [Fact]
    public void Without_ServiceOrNodeWithEarlierUid_KeepsTheNewOne()
    {
        var again = Service() with { Uid = "svc2" };
        var node = Node("node1", "192.168.0.1") with { Uid = "again" };
        var map = Map(new ServiceChange(again, false), new ServiceChange(Service(), true), new NodeChange(node, false), new NodeChange(Node("node1", "192.168.0.1"), true));
        Assert.Equal(Checkout, map.ServiceAt(Protocols.Tcp, Ip.Parse(Vip), 80));
        Assert.Equal(OwnerState.Node, map.OwnerOf(Ip.Parse("192.168.0.1")).State);
    }

    [Fact]
    public void OwnerOf_NodeAddressAsExternalIp_IsTheNode()
    {
        var map = Map(NodeUp, new ServiceChange(Service() with { OtherIps = [Ip.Parse("192.168.0.1"), PodIp] }, false), new PodChange(A, false));
        Assert.Equal(OwnerState.Node, map.OwnerOf(Ip.Parse("192.168.0.1")).State);
        Assert.Equal(Checkout, map.ServiceAt(Protocols.Tcp, Ip.Parse("192.168.0.1"), 80));
        // A Service does not hide a pod by claiming its address either.
        Assert.Equal(OwnerState.Live, map.OwnerOf(PodIp).State);
    }

    [Fact]
    public void ServiceAt_HeadlessService_HasEndpointsButNoAddress()
    {
        var map = Map(NodeUp, new PodChange(A, false), new ServiceChange(Service() with { ClusterIps = [], Headless = true }, false), new SliceChange(Slice(Ready(A)), false));
        Assert.Null(map.ServiceAt(Protocols.Tcp, PodIp, 80));
        Assert.Single(map.EndpointsOf(Checkout));
    }

    [Fact]
    public void EndpointsAt_SlicesWithoutServiceOrPod_AreFound()
    {
        var hand = Slice(new SliceEndpoint([Ip.Parse("10.9.9.9")], true, true, false, null, null));
        var free = hand with { Uid = "free", Service = null };
        var map = Map(new SliceChange(hand, false), new SliceChange(free, false));
        Assert.Equal(2, map.EndpointsAt(Ip.Parse("10.9.9.9")).Count());
        Assert.Single(map.EndpointsOf(Checkout, Ip.Parse("10.9.9.9")));
        Assert.Equal(OwnerState.Unknown, map.OwnerOf(Ip.Parse("10.9.9.9")).State);
    }

    [Fact]
    public void EndpointsOf_FqdnSlice_IsIgnoredWithANote()
    {
        var map = Map(new SliceChange(Slice(Ready(A)) with { IsFqdn = true }, false));
        Assert.Empty(map.EndpointsOf(Checkout));
        Assert.Empty(map.EndpointsAt(PodIp));
        Assert.Contains("FQDN", Assert.Single(map.Notes(Checkout)));
    }

    [Fact]
    public void TargetPorts_NamedPort_AreTheNumbersOfTheSlices()
    {
        var named = new ServicePort("http", Protocols.Tcp, 80, 0) { TargetPortName = "web" };
        var map = Map(
            new SliceChange(Slice() with { Ports = [new("http", Protocols.Tcp, 8080, 0)] }, false),
            new SliceChange(Slice() with { Uid = "s2", Ports = [new("http", Protocols.Tcp, 9090, 0), new("other", Protocols.Tcp, 1, 0)] }, false));
        Assert.Equal([8080, 9090], map.TargetPorts(Checkout, named));
        Assert.Equal([7070], map.TargetPorts(new ServiceKey("shop", "none"), named with { TargetPort = 7070 }));
        Assert.Empty(map.TargetPorts(new ServiceKey("shop", "none"), named));
    }

    [Fact]
    public void With_SliceEndpointsAddedAndRemoved_UpdatesTheIndex()
    {
        var endpoints = Enumerable.Range(0, 100).Select(i => new SliceEndpoint([Ip.V4((uint)(0x0A010000 + i))], true, true, false, $"u{i}", "node1")).ToArray();
        var map = Map(new SliceChange(Slice(endpoints), false));
        map = new SliceChange(Slice([.. endpoints[1..], new SliceEndpoint([Ip.Parse("10.1.9.9")], true, true, false, "x", "node1")]), false).ApplyTo(map, 1);
        Assert.Null(map.EndpointOf(Checkout, Ip.V4(0x0A010000)));
        Assert.Equal("u99", map.EndpointOf(Checkout, Ip.V4(0x0A010000 + 99))!.PodUid);
        Assert.Equal("x", map.EndpointOf(Checkout, Ip.Parse("10.1.9.9"))!.PodUid);
        Assert.Empty(new SliceChange(Slice(), true).ApplyTo(map, 1).EndpointsAt(Ip.Parse("10.1.9.9")));
    }

    [Fact]
    public void EndpointOf_AddressInTwoSlices_IsTheBetterCondition()
    {
        var old = Slice(Draining(A));
        var map = Map(new SliceChange(old, false), new SliceChange(Slice(Ready(Pod("b", "10.1.0.5"))) with { Uid = "s2" }, false));
        Assert.Equal("b", map.EndpointOf(Checkout, PodIp)!.PodUid);
    }

    [Fact]
    public void AddressesWithoutLiveOwner_Order_IsLostThenTerminatingThenGone()
    {
        var down = new NodeChange(Node("node2", "192.168.0.2", reachable: false), false);
        var done = Pod("done", "10.1.0.9") with { ContainersEnded = true, FinishedMs = 6_000, Phase = "Succeeded" };
        var map = Map(
            NodeUp, down, new PodChange(A, false), new PodChange(Pod("b", "10.1.0.6").Terminating(2_000), false),
            new PodChange(Pod("c", "10.1.0.7", "node2"), false), new PodChange(Pod("d", "10.1.0.8"), false), new PodChange(done, false),
            new PodChange(Pod("agent", "192.168.0.2", "node2") with { HostNetwork = true }, false));
        map = new PodChange(Pod("d", "10.1.0.8"), true).ApplyTo(map, 5_000);
        Assert.Equal(["10.1.0.7", "10.1.0.6", "10.1.0.9", "10.1.0.8"], map.AddressesWithoutLiveOwner(10).Select(ip => ip.ToString()));
        Assert.Equal(["10.1.0.7", "10.1.0.6"], map.AddressesWithoutLiveOwner(2).Select(ip => ip.ToString()));
    }

    /// <summary>A pod that starts may answer before its status names its address; one of the host's network or one that has ended does not.</summary>
    [Theory]
    [InlineData("starts", true)]
    [InlineData("runs", false)]
    [InlineData("host", false)]
    [InlineData("ended", false)]
    public void AwaitsAddress_IfAPodOfTheNodeHasNone(string kind, bool expected)
    {
        var pod = Pod("new", "10.1.0.9");
        pod = kind == "runs" ? pod : pod with { Ips = [] };
        var map = Map(NodeUp, new PodChange(A, false), new PodChange(pod with { HostNetwork = kind == "host", ContainersEnded = kind == "ended" }, false));

        Assert.Equal(expected, map.AwaitsAddress(pod.Node));
    }

    [Fact]
    public void AddressesOn_AreThoseOfTheNodesPods()
    {
        var map = Map(
            NodeUp, new NodeChange(Node("node2", "192.168.0.2"), false), new PodChange(A, false), new PodChange(Pod("c", "10.1.0.7", "node2"), false),
            new PodChange(Pod("done", "10.1.0.9", "node2") with { ContainersEnded = true, FinishedMs = 6_000, Phase = "Succeeded" }, false),
            new PodChange(Pod("agent", "192.168.0.2", "node2") with { HostNetwork = true }, false));

        Assert.Equal(["10.1.0.7"], map.AddressesOn("node2").Select(ip => ip.ToString()));
        Assert.Empty(map.AddressesOn("node9"));
    }
}
