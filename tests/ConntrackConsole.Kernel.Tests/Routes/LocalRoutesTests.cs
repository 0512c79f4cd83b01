using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Kernel.Routes;
using Xunit;

namespace ConntrackConsole.Kernel.Tests.Routes;

public sealed class LocalRoutesTests : IDisposable
{
    private readonly TwoNodes _nodes = new(connected: false);
    private readonly LocalRoutes _routes;

    public LocalRoutesTests() => _routes = _nodes.Inside(TwoNodes.A, () => new LocalRoutes());

    public void Dispose()
    {
        _routes.Dispose();
        _nodes.Dispose();
    }

    [Fact]
    public void Address_OfThisNodeAndItsRoutedPod_IsLocal()
    {
        Assert.True(_routes.IsLocal(_nodes.NodeAddress(TwoNodes.A)));
        Assert.True(_routes.IsLocal(_nodes.PodAddress(TwoNodes.PodA)));
        Assert.True(_routes.IsLocal(_nodes.PodAddress6(TwoNodes.PodA)));
    }

    [Fact]
    public void Address_OfTheOtherNodeAndItsPod_IsNotLocal()
    {
        // On the link between the nodes, a veth too, and on-link: only the prefix route distinguishes it from a pod.
        Assert.False(_routes.IsLocal(_nodes.NodeAddress(TwoNodes.B)));
        Assert.False(_routes.IsLocal(_nodes.PodAddress(TwoNodes.PodB)));
        Assert.False(_routes.IsLocal(_nodes.PodAddress6(TwoNodes.PodB)));
    }

    [Fact]
    public void Address_WithoutRouteOrWithProhibitRoute_IsNotLocal()
    {
        Assert.False(_routes.IsLocal(Ip.Parse("10.203.255.1")));
        Assert.False(_routes.IsLocal(Ip.Parse("fd00:203:ffff::1")));
        _nodes.Inside(TwoNodes.A, "route add blackhole 10.203.255.1/32");
        _nodes.Inside(TwoNodes.A, "route add prohibit 10.203.255.2/32");
        Assert.False(_routes.IsLocal(Ip.Parse("10.203.255.1")));
        Assert.False(_routes.IsLocal(Ip.Parse("10.203.255.2")));
        _nodes.Inside(TwoNodes.A, $"route add default via {_nodes.NodeAddress(TwoNodes.B)}");
        Assert.False(_routes.IsLocal(Ip.Parse("10.203.255.3")));
    }

    [Fact]
    public void Pod_OnABridgeOfPodLinks_IsLocalUntilAnUplinkJoins()
    {
        _nodes.Inside(TwoNodes.A, "link add cni0 type bridge");
        _nodes.Inside(TwoNodes.A, "link add p1 type veth peer name p1x");
        _nodes.Inside(TwoNodes.A, "link set p1 master cni0");
        _nodes.Inside(TwoNodes.A, $"addr add {_nodes.Address(3, 1)}/24 dev cni0");
        _nodes.Inside(TwoNodes.A, "link set cni0 up");
        Assert.True(_routes.IsLocal(_nodes.Address(3, 7)));

        _nodes.Inside(TwoNodes.A, $"link add up0 type vxlan id 8 dstport 4790 local {_nodes.NodeAddress(TwoNodes.A)}");
        _nodes.Inside(TwoNodes.A, "link set up0 master cni0");
        using var later = _nodes.Inside(TwoNodes.A, () => new LocalRoutes());
        Assert.False(later.IsLocal(_nodes.Address(3, 7)));
    }

    [Fact]
    public void Route_OfAPod_ComesAndGoes()
    {
        var pod = _nodes.Address(3, 9);
        Assert.False(_routes.IsLocal(pod));
        _nodes.Inside(TwoNodes.A, "link add p2 type veth peer name p2x");
        _nodes.Inside(TwoNodes.A, "link set p2 up");
        _nodes.Inside(TwoNodes.A, "link set p2x up");
        _nodes.Inside(TwoNodes.A, $"route add {pod}/32 dev p2");
        Assert.True(_routes.IsLocal(pod)); // an interface that was not in the list yet
        _nodes.Inside(TwoNodes.A, "link del p2");
        Assert.False(_routes.IsLocal(pod));
    }

    [Fact]
    public void Pod_BehindATunnel_IsNotLocal()
    {
        _nodes.Inside(TwoNodes.A, $"link add vx0 type vxlan id 7 dstport 4789 local {_nodes.NodeAddress(TwoNodes.A)}");
        _nodes.Inside(TwoNodes.A, "link set vx0 up");
        _nodes.Inside(TwoNodes.A, $"route add {_nodes.Address(3, 11)}/32 dev vx0");
        Assert.False(_routes.IsLocal(_nodes.Address(3, 11)));
    }
}
