using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Diagnosis.Catalog;
using ConntrackConsole.Diagnosis.Findings;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Tests.Cluster;
using ConntrackConsole.Wire;
using Xunit;
using static ConntrackConsole.Tests.Findings.FindingScene;

namespace ConntrackConsole.Tests.Findings;

/// <summary>Each mechanism from frames: the same findings live, over the stored frames, and after a restart.</summary>
public sealed class FindingTests
{
    [Fact]
    public async Task InvalidSegments_AreM1()
    {
        using var scene = await CalmAsync();
        for (ushort port = 40_000; port < 40_003; port++)
            scene.Reset("node1", ResetKind.UnNated, port);
        scene.Invalid("node1", 6);
        scene.Run(3);

        Assert.Equal([MechanismCodes.InvalidUntranslated], await scene.CodesAsync());
        var finding = Assert.Single(scene.Round().Findings);
        Assert.Equal((3, 3, "node1"), (finding.Finding.Explains.Count, finding.Finding.Explains.Whole, Assert.Single(finding.Nodes)));
        Assert.Equal((Ip.Parse(ClientIp), "shop/checkout-client"), (Assert.Single(finding.Clients).Address, finding.Clients[0].Pod));
        Assert.Equal((Ip.Parse(ClientIp), (ushort)40_000), (finding.Flow.Client, finding.Flow.ClientPort));
    }

    [Fact]
    public async Task FlushOfALivePod_IsM2()
    {
        using var scene = await CalmAsync();
        Lost(scene, LossCause.ForeignDelete);
        scene.Run(3);

        Assert.Equal([MechanismCodes.EntryLost], await scene.CodesAsync());
    }

    [Fact]
    public async Task EntryCreatedAgainAtAnotherPod_IsM2b()
    {
        using var scene = await CalmAsync();
        scene.Note("node1", FlowNoteKind.Lost, 40_000, LossCause.OwnDelete);
        scene.Note("node1", FlowNoteKind.MidStream, 40_000, backend: OtherIp);
        scene.Reset("node1", ResetKind.NewBackend, 40_000, OtherIp);
        scene.Run(3);

        Assert.Equal([MechanismCodes.Rebalanced], await scene.CodesAsync());
        Assert.Equal(Ip.Parse(OtherIp), Assert.Single(scene.Round().Findings).Subject.Backend);
    }

    [Fact]
    public async Task ResetsAtTheDeletionRequest_AreM3_NoDrain()
    {
        using var scene = await CalmAsync();
        Terminate(scene);
        scene.Reset("node1", ResetKind.FromBackend, 40_000);
        scene.Reset("node1", ResetKind.FromBackend, 40_001);
        scene.Entries("node1", Group(), FlowState.Close, 2);
        scene.Run(1);
        End(scene, exitCode: 0);
        scene.Entries("node1", Group(), FlowState.Close, 0);
        scene.Run(3);

        Assert.Equal([MechanismCodes.NoDrain], await scene.CodesAsync());
        var finding = scene.Round().Findings[0];
        Assert.Contains(finding.Finding.Evidence, item => item is { Class: EvidenceClass.EntryTransition, Sentence: "2 of its entries went to CLOSE" });
        Assert.Equal("shop/checkout-a", Assert.Single(finding.Pods));
        Assert.Equal((Ip.Parse(ClientIp), "shop/checkout-client"), (Assert.Single(finding.Clients).Address, finding.Clients[0].Pod));
        // The flow by which it is explained: the client of the first reset, its node, and the pod's port.
        Assert.Equal(
            (Ip.Parse(ClientIp), (ushort)40_000, "shop/checkout-client", "node1", "node1", (ushort)8080),
            (finding.Flow.Client, finding.Flow.ClientPort, finding.Flow.ClientPod, finding.Flow.ClientNode, finding.Flow.TranslatingNode, finding.Flow.BackendPort));
    }

    /// <summary>A frame had more notes than fit: what became of an entry is then not known.</summary>
    [Theory]
    [InlineData(5, 0, 0)]
    [InlineData(0, 5, 0)]
    [InlineData(0, 0, 5)]
    public async Task UnNatedResets_WhileSomethingWasLeftOut_AreInsufficient(uint notes, uint lateAnswers, uint refusals)
    {
        using var scene = await CalmAsync();
        scene.Reset("node1", ResetKind.UnNated, 40_000);
        scene.Invalid("node1", 2);
        scene.Note("node1", FlowNoteKind.MidStream, 41_000, backend: OtherIp);
        scene.Next("node1", frame => (frame.MoreNotes, frame.MoreLateAnswers, frame.MoreRefusals) = (notes, lateAnswers, refusals));
        scene.Run(3);

        Assert.Empty(await scene.CodesAsync());
        Assert.Contains(scene.Round().Insufficient, missing => missing.Mechanisms.StartsWith("M1", StringComparison.Ordinal));
    }

    [Fact]
    public async Task ResetsAtTheEndOfTheGracePeriod_AreM3_GraceTooShort()
    {
        using var scene = await CalmAsync();
        Terminate(scene);
        scene.Run(30);
        scene.Reset("node1", ResetKind.FromBackend, 40_000);
        scene.Entries("node1", Group(), FlowState.Established, 0);
        scene.Run(1);
        End(scene, exitCode: 137);
        scene.Run(3);

        Assert.Equal([MechanismCodes.GraceTooShort], await scene.CodesAsync());
    }

    [Fact]
    public async Task RefusalsWhileTheEndpointIsListed_AreM3_Refused()
    {
        using var scene = await CalmAsync();
        scene.Apply(new PodChange(A.Terminating(scene.NowMs) with { DeletionGraceSeconds = 30 }, false));
        scene.Run(2);
        scene.Reset("node1", ResetKind.RefusedSyn, 41_000);
        scene.Reset("node1", ResetKind.RefusedSyn, 41_001);
        scene.Entries("node1", Group(), FlowState.Established, 0);
        scene.Run(2);
        End(scene, exitCode: 0);
        scene.Run(3);

        Assert.Equal([MechanismCodes.RefusedWhileListed], await scene.CodesAsync());
    }

    [Fact]
    public async Task EntriesOfAPodWithoutInterface_AreM4_WithTheFlushThatHelps()
    {
        using var scene = await CalmAsync();
        scene.Apply(new SliceChange(Objects.Slice(Objects.Ready(B)), false), new PodChange(A, true));
        scene.Run(1);
        scene.Lookup("node1", 3, 3);
        scene.Run(14);

        Assert.Equal([MechanismCodes.BlackHole], await scene.CodesAsync());
        var finding = Assert.Single(scene.Round().Findings);
        Assert.Equal((3, RemedyAction.FlushPodIp, null), (finding.Finding.Explains.Count, Assert.Single(finding.Finding.Remedies).Action, finding.UntilMs));

        // Flushed: the window still has it, with its end.
        scene.Lookup("node1", 0, 0);
        scene.Entries("node1", Group(), FlowState.Established, 0);
        scene.Run(5);
        Assert.Equal([MechanismCodes.BlackHole], await scene.CodesAsync());
        Assert.NotNull(Assert.Single(scene.Round().Findings).UntilMs);
    }

    [Fact]
    public async Task EntriesOfAPodOfALostNode_AreM4()
    {
        using var scene = await CalmAsync();
        var lost = A with { Node = "node2", Ready = false };
        scene.Apply(
            new NodeChange(Objects.Node("node2", "192.168.0.2", reachable: false), false), new PodChange(lost, false),
            new SliceChange(Objects.Slice(new SliceEndpoint(A.Ips, false, false, false, A.Uid, "node2"), Objects.Ready(B)), false));
        scene.Lookup("node1", 3, 3);
        scene.Run(15);

        Assert.Equal([MechanismCodes.BlackHole], await scene.CodesAsync());
        Assert.Contains(scene.Round().Findings[0].Finding.Evidence, item => item.Sentence.Contains("node of the pod", StringComparison.Ordinal));
    }

    [Fact]
    public async Task ResetsOfTheNewOwnerOfAnAddress_AreM5()
    {
        using var scene = await CalmAsync();
        scene.Apply(new SliceChange(Objects.Slice(Objects.Ready(B)), false), new PodChange(A, true));
        scene.Run(5);
        scene.Apply(new PodChange(Objects.Pod("c", PodIp), false));
        scene.Run(2);
        scene.Reset("node1", ResetKind.FromBackend, 40_000);
        scene.Reset("node1", ResetKind.FromBackend, 40_001);
        scene.Entries("node1", Group(), FlowState.Established, 1);
        scene.Run(3);

        Assert.Equal([MechanismCodes.AddressReused], await scene.CodesAsync());
        Assert.Equal(["shop/checkout-a", "shop/checkout-c"], scene.Round().Findings[0].Pods);
    }

    [Fact]
    public async Task NewEntriesAfterTheRemoval_AreM6()
    {
        using var scene = await CalmAsync();
        scene.Apply(new SliceChange(Objects.Slice(Objects.Ready(B)), false));
        scene.Run(5);
        scene.Entries("node1", Group(), FlowState.Established, 5);
        scene.Next("node1", frame => frame.Proxy = new ProxyReading(frame.AtMs, true, ProxyMode.Iptables, 503, 1, frame.AtMs / 1000.0 - 60, frame.AtMs / 1000.0 - 10, 0.1, 5, 3, 0, 0, 0, 0, 0));
        scene.Run(3);

        Assert.Equal([MechanismCodes.ProxyLagged], await scene.CodesAsync());
        Assert.Equal(2, scene.Round().Findings[0].Finding.Explains.Count);
        Assert.Equal(MechanismCodes.ProxyLag, Assert.Single(scene.Round().Warnings).Code);
    }

    /// <summary>A frame counts the new entries of a whole second: the time of the latest shows that it came two seconds after the removal.</summary>
    /// <param name="newestMs">Before the end of the third second after the removal; 0 = not reported.</param>
    [Theory]
    [InlineData(400u, true, true)]
    [InlineData(700u, true, false)]
    [InlineData(0u, true, false)]
    [InlineData(400u, false, false)] // It may be an entry of the other Service.
    public async Task NewEntriesOfTheThirdSecond_AreM6_IfTheLatestIsLate(uint newestMs, bool isAlone, bool isFound)
    {
        using var scene = await CalmAsync();
        scene.Console.Clock.Advance(TimeSpan.FromSeconds(0.5));
        scene.Apply(new SliceChange(Objects.Slice(Objects.Ready(B)), false));
        scene.Run(2);
        scene.Entries("node1", Group(), FlowState.Established, 5);
        if (!isAlone)
            scene.Entries("node1", Group(vip: "10.96.0.99"), FlowState.Established, 1);
        scene.Detail("node1", newestMs: newestMs);
        scene.Run(1);

        Assert.Equal(isFound ? [MechanismCodes.ProxyLagged] : [], await scene.CodesAsync());
        Assert.All(scene.Round().Findings, finding => Assert.Equal(1, finding.Finding.Explains.Count));
    }

    [Fact]
    public async Task RefreshedUdpOfADeadBackend_IsM8()
    {
        using var scene = await CalmAsync();
        scene.Entries("node1", Group(proto: Protocols.Udp), FlowState.Unreplied, 2);
        scene.Run(2);
        scene.Entries("node1", Group(), FlowState.Established, 0);
        scene.Apply(new SliceChange(Objects.Slice(Objects.Ready(B)), false), new PodChange(A, true));
        scene.Run(20);
        Assert.Empty(scene.Round().Findings);
        scene.Run(20);

        Assert.Equal([MechanismCodes.UdpDeadBackend], await scene.CodesAsync());
    }

    [Fact]
    public async Task UntranslatedUdp_IsM8_OfTheService()
    {
        using var scene = await CalmAsync();
        scene.Apply(new ServiceChange(Objects.Service() with { Ports = [new ServicePort("http", Protocols.Tcp, 80, 0), new ServicePort("dns", Protocols.Udp, 80, 0)] }, false));
        scene.Entries("node1", Group(Objects.Vip, Protocols.Udp), FlowState.Unreplied, 2);
        scene.Run(40);

        Assert.Equal([MechanismCodes.UdpUntranslated], await scene.CodesAsync());
    }

    [Fact]
    public async Task ExpiredEntries_AreM10()
    {
        using var scene = await CalmAsync();
        Lost(scene, LossCause.Timeout);
        scene.Run(3);

        Assert.Equal([MechanismCodes.IdleExpiry], await scene.CodesAsync());
    }

    [Fact]
    public async Task AnExpiryOfADeadPodsEntries_ThatAnotherBackendResets_IsItsBlackHole()
    {
        using var scene = await CalmAsync();
        Terminate(scene);
        scene.Run(1);
        End(scene, exitCode: 137);
        scene.Run(1);
        scene.Apply(new SliceChange(Objects.Slice(Objects.Ready(B)), false), new PodChange(A, true));
        scene.Run(2);
        scene.Note("node1", FlowNoteKind.Lost, 40_000, LossCause.Timeout);
        scene.Entries("node1", Group(), FlowState.Established, 0);
        scene.Run(20);
        // The client's next retransmission is translated again.
        scene.Note("node1", FlowNoteKind.MidStream, 40_000, backend: OtherIp);
        scene.Reset("node1", ResetKind.NewBackend, 40_000, OtherIp);
        scene.Run(3);

        Assert.Equal([MechanismCodes.BlackHole], await scene.CodesAsync());
        var found = Assert.Single(scene.Round().Findings);
        Assert.Equal((PodIp, 1), (found.Subject.Backend.ToString(), found.Finding.Explains.Count));
    }

    [Fact]
    public async Task TwoMechanismsOfTwoPods_AreBothFound()
    {
        using var scene = await CalmAsync();
        scene.Entries("node1", Group(OtherIp), FlowState.Established, 4);
        scene.Run(1);
        scene.Apply(new SliceChange(Objects.Slice(Objects.Ready(B)), false), new PodChange(A, true));
        scene.Lookup("node1", 3, 3);
        for (ushort port = 42_000; port < 42_002; port++)
            scene.Reset("node1", ResetKind.UnNated, port, OtherIp);
        scene.Invalid("node1", 4);
        scene.Run(15);

        Assert.Equal([MechanismCodes.BlackHole, MechanismCodes.InvalidUntranslated], (await scene.CodesAsync()).Order());
    }

    /// <summary>An expiry and INVALID segments of the same pod.</summary>
    [Fact]
    public async Task TwoMechanismsOfOnePod_DivideTheResets()
    {
        using var scene = await CalmAsync();
        Lost(scene, LossCause.ForeignDelete);
        scene.Run(2);
        for (ushort port = 42_000; port < 42_003; port++)
            scene.Reset("node1", ResetKind.UnNated, port);
        scene.Invalid("node1", 6);
        scene.Run(2);

        Assert.Equal([MechanismCodes.EntryLost, MechanismCodes.InvalidUntranslated], (await scene.CodesAsync()).Order());
        Assert.All(scene.Round().Findings, finding => Assert.Equal(5, finding.Finding.Explains.Whole));
        Assert.Equal(5, scene.Round().Findings.Sum(finding => finding.Finding.Explains.Count));
    }

    /// <summary>One of the nodes with entries is silent: what it would have reported is a gap, and the finding is less sure.</summary>
    [Fact]
    public async Task SilentNodeWithEntries_IsAGap()
    {
        using var scene = await FindingScene.StartAsync("node1", "node2");
        scene.Entries("node1", Group(), FlowState.Established, 3);
        scene.Entries("node2", Group(), FlowState.Established, 2);
        scene.Run(5);
        scene.Reset("node1", ResetKind.UnNated, 40_000);
        scene.Invalid("node1", 2);
        scene.Silent.Add("node2");
        scene.Run(40);

        Assert.Empty(await scene.CodesAsync());
        Assert.Contains(scene.Round().Insufficient, missing => missing.Mechanisms.StartsWith("M1", StringComparison.Ordinal) && missing.Missing.Contains("events were lost", StringComparison.Ordinal));
    }

    /// <summary>The nodes at both ends report one reset.</summary>
    [Fact]
    public async Task ResetReportedByTwoNodes_CountsOnce()
    {
        using var scene = await FindingScene.StartAsync("node1", "node2");
        scene.Entries("node1", Group(), FlowState.Established, 3);
        scene.Run(5);
        Terminate(scene);
        scene.Reset("node1", ResetKind.FromBackend, 40_000, received: true);
        scene.Next("node2", frame => frame.Resets.Add(new Reset(frame.AtMs - 401, ResetKind.Direct, Ip.Parse(PodIp), 8080, Ip.Parse(ClientIp), 40_000, default, 0, default, 0, 0, false)));
        scene.Run(3);

        Assert.Equal([MechanismCodes.NoDrain], await scene.CodesAsync());
        Assert.Equal(1, scene.Round().Findings[0].Finding.Explains.Count);
    }

    internal static async Task<FindingScene> CalmAsync()
    {
        var scene = await FindingScene.StartAsync();
        scene.Entries("node1", Group(), FlowState.Established, 3);
        scene.Run(5);
        return scene;
    }

    internal static void Terminate(FindingScene scene) => scene.Apply(
        new PodChange(A.Terminating(scene.NowMs) with { DeletionGraceSeconds = 30, GraceSeconds = 30 }, false), new SliceChange(Objects.Slice(Objects.Draining(A), Objects.Ready(B)), false));

    internal static void End(FindingScene scene, int exitCode)
    {
        var ended = A.Terminating(scene.NowMs) with { ContainersEnded = true, FinishedMs = scene.NowMs, ExitCode = exitCode, Phase = "Succeeded" };
        scene.Apply(new SliceChange(Objects.Slice(Objects.Ready(B)), false), new PodChange(ended, false), new PodChange(ended, true));
    }

    // Two entries vanish, and the pod's next segments arrive untranslated.
    private static void Lost(FindingScene scene, LossCause cause)
    {
        for (ushort port = 40_000; port < 40_002; port++)
        {
            scene.Note("node1", FlowNoteKind.Lost, port, cause);
            scene.Note("node1", FlowNoteKind.UnNated, port);
            scene.Reset("node1", ResetKind.UnNated, port);
        }
    }
}
