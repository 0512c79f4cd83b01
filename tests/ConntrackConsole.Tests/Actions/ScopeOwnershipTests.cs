using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Cluster.State;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Timeline.Model;
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

    // The clients of "own" are still connected through its former address, which "new" has now; b answers them.
    [Theory]
    [InlineData(External, 80)]
    [InlineData("10.96.0.99", 80)]
    [InlineData(NodeIp, 30080)]
    public void NotBackendOf_AddressOfAnotherServiceBefore_ItsBackendStillAnswers(string vip, ushort port)
    {
        bool byNode = vip == NodeIp, isExternal = vip == External;
        ServiceInfo With(string name, bool has) => Named(name, has && !byNode && !isExternal ? vip : name == "own" ? "10.96.0.20" : "10.96.0.21", 80,
            (ushort)(has && byNode ? port : 0), has && isExternal ? vip : null);
        var cluster = Cluster(With("own", true));
        cluster.Confirm(0);
        cluster.Apply([new ServiceChange(With("own", false), false), new ServiceChange(With("new", true), false)]);

        Assert.Null(ScopeOwnership.NotBackendOf(cluster, B.Ip, new FlushScope("tcp", vip, port)));
        var key = new GroupKey(Protocols.Tcp, Ip.Parse(vip), port, B.Ip, 8080);
        Assert.Equal(EntryState.Left, EntryStateClassifier.Of(cluster.Current, key, cluster.History));
        Assert.Equal(EntryState.Left, EntryStateClassifier.At(cluster.History, key, long.MaxValue - 1));
    }

    // Its Service is deleted, and its external address or NodePort is no Service's: it is still the last one that had it.
    [Theory]
    [InlineData(External, 80)]
    [InlineData(NodeIp, 30080)]
    public void LastServiceUntil_FormerClaim_IsFound(string vip, ushort port)
    {
        var own = Named("own", "10.96.0.20", 80, 30080, External);
        var cluster = Cluster(own);
        cluster.Confirm(0);
        cluster.Apply([new ServiceChange(own, true)]);
        Assert.Equal("own", cluster.History.LastServiceUntil(Protocols.Tcp, Ip.Parse(vip), port, 1)?.Key.Name);
    }

    // The newest claim is the one of "new"; b is a ready backend of "own", and answers.
    [Fact]
    public void EntryState_TwoServicesClaimThePort_BackendOfEither_IsActive()
    {
        var cluster = Cluster(Named("own", "10.96.0.20", 80, 0, External), Named("new", "10.96.0.21", 80, 0, External));
        cluster.Confirm(0);
        var key = new GroupKey(Protocols.Tcp, Ip.Parse(External), 80, B.Ip, 8080);
        Assert.Equal(EntryState.Active, EntryStateClassifier.Of(cluster.Current, key, cluster.History));
        Assert.Equal(EntryState.Active, EntryStateClassifier.At(cluster.History, key, long.MaxValue - 1));
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
