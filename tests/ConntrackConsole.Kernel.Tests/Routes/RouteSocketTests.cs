using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Kernel.Netlink;
using ConntrackConsole.Kernel.Routes;
using Xunit;

namespace ConntrackConsole.Kernel.Tests.Routes;

public sealed class RouteSocketTests
{
    [Fact]
    public void Veth_BetweenTwoNamespaces_IsListedOnBothSides()
    {
        using var left = new ScratchNamespace();
        using var right = new ScratchNamespace();
        left.Inside.Run(() =>
        {
            using var routes = RouteSocket.Open();
            using var other = File.OpenHandle(right.Inside.FilePath);
            routes.AddVeth("cable", "far", other);
            routes.AddAddress("cable", Ip.Parse("10.9.0.1"), 32);
            routes.AddAddress("cable", Ip.Parse("fd09::1"), 64);
            routes.SetUp("cable", up: true);

            var cable = Assert.Single(routes.Links(), link => link.Name == "cable");
            Assert.True(cable is { IsUp: true, IsLoopback: false, Kind: "veth" });
            Assert.True(Assert.Single(routes.Links(), link => link.Name == "lo").IsLoopback);
            Assert.Contains(new LinkAddress(cable.Index, Ip.Parse("10.9.0.1"), 32), routes.Addresses());
            Assert.Contains(new LinkAddress(cable.Index, Ip.Parse("fd09::1"), 64), routes.Addresses());
        });

        Assert.Contains(right.Inside.Run(Links), link => link is { Name: "far", Kind: "veth", IsUp: false });
        Assert.True(left.Inside.Run(() => Delete("cable")));
        Assert.DoesNotContain(right.Inside.Run(Links), link => link.Name == "far");
        Assert.False(left.Inside.Run(() => Delete("cable")));
    }

    [Fact]
    public void Lookup_EachKindOfRoute_ReturnsWhereAPacketGoes()
    {
        using var left = new ScratchNamespace();
        using var right = new ScratchNamespace();
        left.Inside.Run(() =>
        {
            using var routes = RouteSocket.Open();
            using var other = File.OpenHandle(right.Inside.FilePath);
            routes.AddVeth("cable", "far", other);
            routes.AddAddress("cable", Ip.Parse("10.9.0.1"), 32);
            routes.SetUp("lo", up: true);
            routes.SetUp("cable", up: true);
            routes.AddRoute(Ip.Parse("10.9.0.2"), 32, "cable");
            routes.AddRoute(Ip.Parse("10.9.16.0"), 24, "cable", Ip.Parse("10.9.0.2"), Ip.Parse("10.9.0.1"));
            routes.AddBlackhole(Ip.Parse("10.9.32.0"), 24);
            int linkIndex = routes.Links().Single(link => link.Name == "cable").Index;

            Assert.Equal(RouteKind.Local, routes.Lookup(Ip.Parse("10.9.0.1")).Kind);
            Assert.Equal(
                new RouteAnswer(RouteKind.Unicast, linkIndex, Ip.Parse("10.9.0.2"), Ip.Parse("10.9.0.1")), routes.Lookup(Ip.Parse("10.9.16.5")));
            Assert.Equal(RouteKind.Blackhole, routes.Lookup(Ip.Parse("10.9.32.5")).Kind);
            Assert.Equal(RouteKind.Unreachable, routes.Lookup(Ip.Parse("192.0.2.1")).Kind);
            Assert.Equal(RouteKind.Local, routes.Lookup(Ip.Parse("::1")).Kind);
        });
    }

    [Fact]
    public void Requests_ThatTheKernelRefuses_NameTheOperation()
    {
        using var scratch = new ScratchNamespace();
        scratch.Inside.Run(() =>
        {
            using var routes = RouteSocket.Open();

            var noLink = Assert.Throws<NetlinkException>(() => routes.SetUp("none0", up: true));
            var twice = Assert.Throws<NetlinkException>(() =>
            {
                routes.AddBlackhole(Ip.Parse("10.9.32.0"), 24);
                routes.AddBlackhole(Ip.Parse("10.9.32.0"), 24);
            });

            Assert.Equal(Errno.ENODEV, noLink.Errno);
            Assert.Contains("none0", noLink.Message, StringComparison.Ordinal);
            Assert.Equal(Errno.EEXIST, twice.Errno);
        });
    }

    private static IReadOnlyList<Link> Links()
    {
        using var routes = RouteSocket.Open();
        return routes.Links();
    }

    private static bool Delete(string link)
    {
        using var routes = RouteSocket.Open();
        return routes.DeleteLink(link);
    }
}
