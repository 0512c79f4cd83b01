using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Cluster.State;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Wire;
using Microsoft.Extensions.Time.Testing;
using Xunit;
using static ConntrackConsole.Tests.Cluster.Objects;

namespace ConntrackConsole.Tests.Actions;

/// <summary>The exception for a live owner: only where no entry in scope can be its own.</summary>
public class ScopeOwnershipTests
{
    private const string External = "203.0.113.9";
    private const string NodeIp = "192.168.0.1";
    private static readonly PodInfo B = Pod("b", "10.1.0.6");

    // The pod's own NodePorts and hostPorts are at the same addresses; a scope with address, port and protocol contains none of them.
    [Theory]
    [InlineData("tcp", Vip, 80, "shop/web")]
    [InlineData(null, Vip, 80, null)]
    [InlineData("tcp", Vip, null, null)]
    [InlineData("tcp", Vip, 70_000, null)]
    [InlineData("icmp", Vip, 80, null)]
    [InlineData("tcp", NodeIp, null, null)]
    [InlineData(null, NodeIp, null, null)]
    [InlineData("tcp", NodeIp, 80, null)]
    [InlineData("tcp", NodeIp, 30080, null)]
    public void NotBackendOf_NeedsProtocolAddressAndPort(string? proto, string vip, int? port, string? service)
    {
        var cluster = Cluster(Named("own", "10.96.0.20", 80, 30080), Named("web", Vip, 80, 0, NodeIp));

        Assert.Equal(service, ScopeOwnership.NotBackendOf(cluster, B.Ip, new FlushScope(proto, vip, port)));
    }

    // Which of two claims the rules of a node apply is not known: the newest need not be the one that made the entries.
    [Theory]
    [InlineData("own", "new")]
    [InlineData("new", "own")]
    [InlineData("new", "newer")]
    public void NotBackendOf_TwoServicesClaimThePort_IsNotProven(string first, string second)
    {
        var cluster = Cluster(Named(first, "10.96.0.20", 80, 0, External), Named(second, "10.96.0.21", 80, 0, External));
        var scope = new FlushScope("tcp", External, 80);
        Assert.Null(ScopeOwnership.NotBackendOf(cluster, B.Ip, scope));

        foreach (string other in (string[])[first, second])
        {
            if (other != "new")
                cluster.Apply([new ServiceChange(cluster.Current.Services[new ServiceKey("shop", other)], true)]);
        }

        Assert.Equal(first == "new" || second == "new" ? "shop/new" : null, ScopeOwnership.NotBackendOf(cluster, B.Ip, scope));
    }

    // A node's external address may be missing in its status: the pod's NodePort counts at every external address.
    [Fact]
    public void NotBackendOf_ExternalAddressWithTheNodePortOfAnother_IsNotProven()
    {
        var cluster = Cluster(Named("own", "10.96.0.20", 80, 30080), Named("new", "10.96.0.21", 30080, 0, External));

        Assert.Null(ScopeOwnership.NotBackendOf(cluster, B.Ip, new FlushScope("tcp", External, 30080)));
        Assert.Equal("shop/new", ScopeOwnership.NotBackendOf(cluster, B.Ip, new FlushScope("tcp", "10.96.0.21", 30080)));
    }

    // Pod b is the ready backend of "own".
    private static ClusterState Cluster(params ServiceInfo[] services)
    {
        var cluster = new ClusterState(new FakeTimeProvider());
        cluster.Watching();
        cluster.Apply([
            new NodeChange(Node("node1", NodeIp), false), new PodChange(B, false),
            new SliceChange(new SliceInfo("own-slice", "shop", "own-abc", new ServiceKey("shop", "own"), [Ready(B)]), false),
            .. services.Select(service => new ServiceChange(service, false)),
        ]);
        return cluster;
    }

    private static ServiceInfo Named(string name, string vip, ushort port, ushort nodePort, string? external = null) =>
        new($"uid-{name}", new ServiceKey("shop", name), [Ip.Parse(vip)], [new ServicePort("http", Protocols.Tcp, port, nodePort)])
        {
            OtherIps = external is null ? [] : [Ip.Parse(external)],
        };
}
