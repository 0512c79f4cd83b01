using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Tests.Cluster;
using ConntrackConsole.Wire;
using Xunit;
using static ConntrackConsole.Tests.Findings.FindingScene;

namespace ConntrackConsole.Tests.Findings;

/// <summary>What a node with entries of a Service did not report is unknown, not calm; live, over stored frames and after a restart alike.</summary>
public sealed class UnseenIntervalTests
{
    [Fact]
    public async Task CollectorThatWasDown_IsSaidOnce_WithItsInterval()
    {
        using var scene = await FindingTests.CalmAsync();
        scene.Silent.Add("node1");
        scene.Run(6);
        scene.Silent.Clear();
        scene.Run(5);

        Assert.Empty(await scene.CodesAsync());
        var missing = Assert.Single(scene.Round().Insufficient);
        Assert.Matches("^single connections of shop/checkout on node1 from [0-9T:-]+Z to [0-9T:-]+Z: its collector sent no frames \\(gap.silent\\)$", missing.Missing);
        Assert.True(missing.IsGap);
        scene.Run(60);
        Assert.Single(scene.Round().Insufficient);
        Assert.Single((await scene.StoredAsync()).Insufficient);
    }

    [Fact]
    public async Task CollectorThatIsDown_IsSaid()
    {
        using var scene = await FindingScene.StartAsync("node1", "node2");
        scene.Entries("node1", Group(), FlowState.Established, 3);
        scene.Run(5);
        scene.Silent.Add("node1");
        scene.Run(40);

        Assert.Empty(await scene.CodesAsync());
        Assert.Contains("shop/checkout on node1 since ", Assert.Single(scene.Round().Insufficient).Missing, StringComparison.Ordinal);
    }

    [Fact]
    public async Task NodeThatLeftTheCluster_AndOneWithoutEntries_MissNothing()
    {
        using var scene = await FindingScene.StartAsync("node1", "node2");
        scene.Entries("node1", Group(), FlowState.Established, 3);
        scene.Run(5);
        scene.Silent.Add("node2");
        scene.Run(10);
        Assert.Empty(await scene.CodesAsync());
        Assert.Empty(scene.Round().Insufficient);

        scene.Silent.Add("node1");
        scene.Apply(new NodeChange(Objects.Node("node1", "192.168.0.1"), true));
        scene.Run(10);
        Assert.Empty(scene.Round().Insufficient);
        Assert.Empty((await scene.StoredAsync()).Insufficient);
    }

    [Fact]
    public async Task FirstSeconds_AndRestartOfTheConsole_AreCalm()
    {
        using var scene = await FindingScene.StartAsync("node1", "node2");
        scene.Entries("node1", Group(), FlowState.Established, 3);
        scene.Next("node1", frame => frame.Gaps.Add(new Gap(GapKind.Started, frame.AtMs - 2_000, frame.AtMs, 0)));
        scene.Run(1);
        Assert.Empty(scene.Round().Insufficient);
        scene.Run(4);
        Assert.Empty(scene.Round().Insufficient);

        // Nothing arrives while it does not run.
        scene.Silent.UnionWith(["node1", "node2"]);
        scene.Run(20);
        scene.Console.At(scene.Second * 1_000L);
        scene.Restart();
        Assert.Empty(scene.Round().Insufficient);
        scene.Run(40);
        scene.Console.At(scene.Second * 1_000L);
        Assert.Single(scene.Round().Insufficient);
    }
}
