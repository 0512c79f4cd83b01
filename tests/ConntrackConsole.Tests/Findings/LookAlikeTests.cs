using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Tests.Cluster;
using ConntrackConsole.Wire;
using Xunit;
using static ConntrackConsole.Tests.Findings.FindingScene;
using static ConntrackConsole.Tests.Findings.FindingTests;

namespace ConntrackConsole.Tests.Findings;

/// <summary>Healthy clusters that look like an incident, and incidents that cannot be proved.</summary>
public sealed class LookAlikeTests
{
    [Fact]
    public async Task GracefulRollout_IsNothing()
    {
        using var scene = await CalmAsync();
        Terminate(scene);
        scene.Lookup("node1", 3, 1, alive: 2);
        scene.Run(3);
        for (uint left = 2; left <= 2; left--)
        {
            scene.Lookup("node1", left, 0, alive: left);
            scene.Entries("node1", Group(), FlowState.Established, left);
            scene.Run(2);
        }

        End(scene, exitCode: 0);
        scene.Entries("node1", Group(), FlowState.TimeWait, 3);
        scene.Run(5);

        Assert.Empty(await scene.CodesAsync());
    }

    [Fact]
    public async Task AbortsOfClientsAndRefusalsOfALivePod_AreNothing()
    {
        using var scene = await CalmAsync();
        scene.Reset("node1", ResetKind.ClientAbort, 40_000);
        scene.Reset("node1", ResetKind.RefusedSyn, 41_000);
        scene.Reset("node1", ResetKind.FromBackend, 40_001);
        scene.Run(3);

        Assert.Empty(await scene.CodesAsync());
        Assert.Empty(scene.Round().Insufficient);
    }

    [Fact]
    public async Task IdlePoolOfADeletedPod_IsNoBlackHole()
    {
        using var scene = await CalmAsync();
        scene.Apply(new SliceChange(Objects.Slice(Objects.Ready(B)), false), new PodChange(A, true));
        scene.Lookup("node1", 3, 0, idle: 3);
        scene.Run(30);

        Assert.Empty(await scene.CodesAsync());
    }

    [Fact]
    public async Task ShortConnectionsAtAHighRate_AreNothing()
    {
        using var scene = await CalmAsync();
        for (uint i = 0; i < 20; i++)
        {
            scene.Entries("node1", Group(), FlowState.Established, 3 + (i % 5 * 7));
            scene.Run(1);
        }

        Assert.Empty(await scene.CodesAsync());
        Assert.Equal(0, scene.Monitor.Candidates);
    }

    [Fact]
    public async Task StallOfALivePod_IsInsufficient_NotABlackHole()
    {
        using var scene = await CalmAsync();
        Terminate(scene);
        scene.Lookup("node1", 3, 3);
        scene.Run(20);

        Assert.Empty(await scene.CodesAsync());
        Assert.Contains(scene.Round().Insufficient, missing => missing.Mechanisms == "M4" && missing.Missing.Contains("a live pod has 10.1.0.5", StringComparison.Ordinal));
    }

    [Fact]
    public async Task LostEvents_TakeAwayTheName_NotTheSigns()
    {
        using var scene = await CalmAsync();
        scene.Reset("node1", ResetKind.UnNated, 40_000);
        scene.Invalid("node1", 2);
        scene.Next("node1", frame => frame.Gaps.Add(new Gap(GapKind.EventsLost, frame.AtMs - 1_000, frame.AtMs, 10)));
        scene.Run(3);

        Assert.Empty(await scene.CodesAsync());
        Assert.Contains(scene.Round().Insufficient, missing => missing.Mechanisms.Contains("M1", StringComparison.Ordinal));
    }

    /// <summary>Frames that are no longer stored are not a calm window.</summary>
    [Fact]
    public async Task WindowWithoutFrames_IsInsufficient()
    {
        using var scene = await CalmAsync();
        scene.Run(5);

        var report = await scene.StoredAsync(scene.NowMs - 7_200_000, scene.NowMs - 3_600_000);
        Assert.Empty(report.Findings);
        Assert.Contains("no longer stored", Assert.Single(report.Insufficient).Missing, StringComparison.Ordinal);
    }
}
