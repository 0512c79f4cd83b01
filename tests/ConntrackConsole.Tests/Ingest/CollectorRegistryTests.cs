using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Cluster.State;
using ConntrackConsole.Ingest;
using ConntrackConsole.Wire;
using Xunit;
using static ConntrackConsole.Tests.Timeline.Frames;

namespace ConntrackConsole.Tests.Ingest;

public class CollectorRegistryTests
{
    private readonly ClusterState _cluster = new(TimeProvider.System);
    private readonly CollectorRegistry _registry;

    public CollectorRegistryTests() => _registry = new CollectorRegistry(_cluster);

    [Fact]
    public void Register_NewerRun_ReplacesAndClosesTheOlder()
    {
        bool closed = false;
        Assert.True(_registry.Register(Hello("node1", 5), "c1", () => closed = true).Accepted);
        Assert.True(_registry.Register(Hello("node1", 6), "c2", () => { }).Accepted);
        Assert.True(closed);
        Assert.Equal("c2", _registry.ConnectionOf("node1"));
        // The end of the old connection must not unregister the new one.
        Assert.False(_registry.Unregister("node1", "c1"));
        Assert.Equal(["node1"], _registry.ConnectedNodes);
    }

    [Fact]
    public void Register_OlderRun_IsRejected()
    {
        _registry.Register(Hello("node1", 6), "c1", () => { });
        var welcome = _registry.Register(Hello("node1", 5), "c2", () => { });
        Assert.Equal((false, CollectorErrorCodes.NewerCollector), (welcome.Accepted, welcome.Code));
        Assert.Contains("node1", welcome.Refusal);
        Assert.Equal("c1", _registry.ConnectionOf("node1"));
    }

    [Fact]
    public void Register_NodeNotInCluster_IsRejectedAfterList()
    {
        _cluster.Watching();
        Assert.True(_registry.Register(Hello("node1"), "c1", () => { }).Accepted);
        _cluster.Apply([new NodeChange(new NodeInfo("u", "node2", true, []), false)]);
        _cluster.Confirm(1);
        Assert.Equal(CollectorErrorCodes.UnknownNode, _registry.Register(Hello("node1"), "c2", () => { }).Code);
        Assert.True(_registry.Register(Hello("node2"), "c3", () => { }).Accepted);
    }

    [Fact]
    public void Register_NodeNotInCluster_IsATemporaryRefusal()
    {
        _cluster.Watching();
        _cluster.Apply([new NodeChange(new NodeInfo("u", "node2", true, []), false)]);
        _cluster.Confirm(1);
        Assert.True(_registry.Register(Hello("node1"), "c1", () => { }) is { Accepted: false, IsTemporary: true });
        Assert.True(_registry.Register(Hello("Node One"), "c2", () => { }) is { Accepted: false, IsTemporary: false });
        _cluster.Apply([new NodeChange(new NodeInfo("v", "node1", true, []), false)]);
        Assert.True(_registry.Register(Hello("node1"), "c3", () => { }).Accepted);
    }

    [Theory]
    [InlineData("")]
    [InlineData("Node One")]
    [InlineData("node1\n")]
    [InlineData("<script>")]
    public void Register_NoNodeName_IsRejected(string node) => AssertRejected(CollectorErrorCodes.InvalidNodeName, Hello(node));

    [Fact]
    public void Register_FieldsMissing_IsRejected() => AssertRejected(CollectorErrorCodes.UnsupportedIntroduction, Hello("node1") with { Capabilities = null! });

    private void AssertRejected(string code, Hello hello) =>
        Assert.True(_registry.Register(hello, "c", () => { }) is { Accepted: false, Refusal: not null } welcome && welcome.Code == code);
}
