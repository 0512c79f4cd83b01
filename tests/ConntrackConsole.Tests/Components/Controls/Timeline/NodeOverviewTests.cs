using ConntrackConsole.Components.Controls.Timeline;
using ConntrackConsole.Components.State;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Wire;
using Xunit;

namespace ConntrackConsole.Tests.Components.Controls.Timeline;

/// <summary>The nodes that a page lists: the silent ones first, and the number of the others.</summary>
public sealed class NodeOverviewTests
{
    private const long NowMs = 1_000_000;

    [Fact]
    public void SilentNodes_ComeFirst_AndAreCountedBeyondTheList()
    {
        var overview = NodeOverview.Of(View(Nodes(100, silent: 70), NowMs));

        Assert.Equal((NodeOverview.MaxNodes, 70), (overview.First.Count, overview.Silent));
        Assert.All(overview.First, node => Assert.False(node.Reports(NowMs)));
        Assert.Equal(overview.First.OrderBy(node => node.Node, StringComparer.Ordinal), overview.First);
    }

    [Fact]
    public void ViewShownAgainLater_HasTheNodesThatAreSilentByNow()
    {
        var nodes = Nodes(3, silent: 0);
        Assert.Equal(0, NodeOverview.Of(View(nodes, NowMs)).Silent);

        Assert.Equal(3, NodeOverview.Of(View(nodes, NowMs + 60_000)).Silent);
    }

    [Fact]
    public void ObserveOnly_AreTheNodesThatRejectCommands()
    {
        NodeHealth[] nodes = [.. Nodes(2, silent: 0), Node("observer", NowMs) with { Capabilities = [new Capability(TimelineViewExtensions.CommandsCapability, false, "")] }];

        Assert.Equal(["observer"], NodeOverview.Of(View(nodes, NowMs)).ObserveOnly);
    }

    private static NodeHealth[] Nodes(int count, int silent) => [.. Enumerable.Range(0, count).Select(n => Node($"node{n:000}", n < silent ? 0 : NowMs))];

    private static NodeHealth Node(string name, long lastFrameMs) => new(name, lastFrameMs > 0, lastFrameMs, "1", [], 1, 2);

    private static TimelineView View(IReadOnlyList<NodeHealth> nodes, long nowMs) => new(nowMs - 1_000, nowMs, 1_000, 1, [], [], new ResetLane([], [], []), [], nodes, nowMs);
}
