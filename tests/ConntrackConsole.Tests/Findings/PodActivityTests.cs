using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Diagnosis.Catalog;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Tests.Cluster;
using ConntrackConsole.Wire;
using Xunit;
using static ConntrackConsole.Tests.Findings.FindingScene;

namespace ConntrackConsole.Tests.Findings;

/// <summary>The number of the preStop hook: for how long clients used earlier pods of the workload after their deletion requests.</summary>
public sealed class PodActivityTests
{
    private static readonly OwnerRef Workload = new("StatefulSet", "checkout", "uid-checkout");

    [Theory]
    [InlineData(3, 6, true)]
    [InlineData(2, null, true)] // Too few.
    [InlineData(3, null, false)] // Of another workload.
    public async Task Drain_IsTheLongestUseOfEarlierPods(int pods, int? expected, bool sameWorkload)
    {
        using var scene = await FindingTests.CalmAsync();
        for (int i = 1; i <= pods; i++)
        {
            string ip = $"10.1.0.{10 + i}";
            var pod = Objects.Pod($"p{i}", ip) with { Controller = sameWorkload ? Workload : new OwnerRef("StatefulSet", "other", "uid-other") };
            scene.Apply(new PodChange(pod, false), new SliceChange(Objects.Slice(Objects.Ready(A), Objects.Ready(B), Objects.Ready(pod)), false));
            scene.Entries("node1", Group(ip), FlowState.Established, 2);
            scene.Run(2);
            var ends = pod.Terminating(scene.NowMs) with { DeletionGraceSeconds = 30, GraceSeconds = 30 };
            scene.Apply(new PodChange(ends, false), new SliceChange(Objects.Slice(Objects.Ready(A), Objects.Ready(B), Objects.Draining(pod)), false));
            scene.Run((2 * i) - 1);
            scene.Entries("node1", Group(ip), FlowState.Established, 1); // One of its connections ends, 2, 4, 6 s after the deletion request.
            scene.Run(3);
            scene.Apply(
                new SliceChange(Objects.Slice(Objects.Ready(A), Objects.Ready(B)), false),
                new PodChange(ends with { ContainersEnded = true, FinishedMs = scene.NowMs, ExitCode = 0, Phase = "Succeeded" }, false), new PodChange(ends, true));
            scene.Run(4);
            scene.Entries("node1", Group(ip), FlowState.Established, 0); // A timeout, long after its end.
            scene.Run(1);
        }

        scene.Apply(new PodChange(A with { Controller = Workload }, false));
        scene.Apply(
            new PodChange(A.Terminating(scene.NowMs) with { DeletionGraceSeconds = 30, GraceSeconds = 30, Controller = Workload }, false),
            new SliceChange(Objects.Slice(Objects.Draining(A), Objects.Ready(B)), false));
        scene.Reset("node1", ResetKind.FromBackend, 40_000);
        scene.Run(3);

        Assert.Equal([MechanismCodes.NoDrain], await scene.CodesAsync());
        var remedy = scene.Round().Findings[0].Finding.Remedies.Single(remedy => remedy.Action == RemedyAction.SetPreStop);
        Assert.Equal(expected, remedy.Seconds);
    }
}
