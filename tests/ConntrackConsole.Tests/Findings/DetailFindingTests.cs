using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Diagnosis.Catalog;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Tests.Cluster;
using ConntrackConsole.Wire;
using Xunit;
using static ConntrackConsole.Tests.Findings.FindingScene;

namespace ConntrackConsole.Tests.Findings;

/// <summary>What the nodes' routes, refreshed entries and late answers decide; without them nothing else is named.</summary>
public sealed class DetailFindingTests
{
    [Theory]
    [InlineData(PathState.Dead)]
    [InlineData(PathState.LeafGone)]
    [InlineData(PathState.NoNeighbour)]
    public async Task EntriesThatWaitWhileNoPacketArrives_AreM4_WithinSeconds(PathState path)
    {
        using var scene = await FindingTests.CalmAsync();
        FindingTests.Terminate(scene);
        scene.Detail("node1", PathState.Leaf, 7, answering: 3);
        scene.Lookup("node1", 3, 0, alive: 3);
        scene.Run(2);
        scene.Detail("node1", path, answering: 2, waiting: 1);
        scene.Run(2);
        scene.Detail("node1", path, waiting: 3);
        scene.Run(1);

        Assert.Equal([MechanismCodes.BlackHole], await scene.CodesAsync());
        var finding = Assert.Single(scene.Round().Findings);
        Assert.Equal((3, RemedyAction.FlushPodIp), (finding.Finding.Explains.Count, Assert.Single(finding.Finding.Remedies).Action));
    }

    [Fact]
    public async Task EntriesThatWaitForATerminatingPodThatIsThere_AreNothing()
    {
        using var scene = await FindingTests.CalmAsync();
        FindingTests.Terminate(scene);
        scene.Detail("node1", PathState.Leaf, 7, waiting: 3);
        scene.Lookup("node1", 3, 3);
        scene.Run(8);

        Assert.Empty(await scene.CodesAsync());
    }

    /// <summary>A healthy entry waits at any moment: until the look-ups are of the time after the path's end, they show nothing.</summary>
    [Fact]
    public async Task EntriesThatWaitedWhenThePathEnded_AreNothingYet()
    {
        using var scene = await FindingTests.CalmAsync();
        FindingTests.Terminate(scene);
        scene.Detail("node1", PathState.Leaf, 7, waiting: 2, answering: 1);
        scene.Lookup("node1", 3, 2, alive: 1);
        scene.Run(2);
        scene.Detail("node1", PathState.LeafGone, waiting: 2, answering: 1);
        scene.Run(2);

        Assert.Empty(await scene.CodesAsync());
    }

    [Fact]
    public async Task AnAnswerAfterThePathsEnd_RefutesM4()
    {
        using var scene = await FindingTests.CalmAsync();
        FindingTests.Terminate(scene);
        scene.Detail("node1", PathState.Leaf, 7);
        scene.Lookup("node1", 3, 3);
        scene.Run(2);
        scene.Detail("node1", PathState.LeafGone, waiting: 2, answering: 1);
        scene.Run(4);

        Assert.Empty(await scene.CodesAsync());
    }

    [Fact]
    public async Task ResetsAfterTheFormerInterfaceHadGone_AreM5_BeforeTheStatusNamesTheAddress()
    {
        using var scene = await ReplacedAsync(withPath: true);

        Assert.Equal([MechanismCodes.AddressReused], await scene.CodesAsync());
        Assert.Equal(2, Assert.Single(scene.Round().Findings).Finding.Explains.Count);
    }

    /// <summary>The successor's end, and that of the Service, change nothing of what was.</summary>
    [Fact]
    public async Task ResetsOfASuccessorThatHasEndedSince_AreStillM5()
    {
        using var scene = await ReplacedAsync(withPath: true);
        var successor = Objects.Pod("c", PodIp).Terminating(scene.NowMs);
        scene.Apply(new PodChange(successor, false));
        scene.Run(2);
        scene.Apply(new PodChange(successor with { ContainersEnded = true, FinishedMs = scene.NowMs, ExitCode = 0, Phase = "Succeeded" }, true));
        scene.Run(5);

        Assert.Equal([MechanismCodes.AddressReused], await scene.CodesAsync());
        Assert.NotNull(Assert.Single(scene.Round().Findings).EndedMs);
    }

    /// <summary>A successor may have the address before it is reported: its resets are not the former pod's lack of draining.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ResetsAfterThePodsEnd_BeforeASuccessorIsReported_NameNothing(bool withPath)
    {
        using var scene = await ReplacedAsync(withPath, isReported: false);

        Assert.DoesNotContain(scene.Round().Findings, finding => finding.Code == MechanismCodes.NoDrain);
        Assert.Contains(scene.Round().Insufficient, missing => missing.Missing.Contains("which pod sent 2 resets", StringComparison.Ordinal));
    }

    /// <summary>Within the second of the pod's end: only a pod that waits for an address may be a successor that is not reported yet.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ResetsWithinTheSecondOfThePodsEnd_NameItAtOnce_UnlessAnotherPodMayHaveItsAddress(bool starts)
    {
        using var scene = await FindingTests.CalmAsync();
        FindingTests.Terminate(scene);
        if (starts)
            scene.Apply(new PodChange(Objects.Pod("c", "10.1.0.9") with { Ips = [] }, false));
        scene.Run(1);
        FindingTests.End(scene, exitCode: 0);
        scene.Reset("node1", ResetKind.FromBackend, 40_000);
        scene.Run(1);
        Assert.Equal(starts ? [] : [MechanismCodes.NoDrain], scene.Round().Findings.Select(finding => finding.Code));

        scene.Run(3);
        Assert.Equal([MechanismCodes.NoDrain], await scene.CodesAsync());
    }

    [Fact]
    public async Task ResetsBetweenTheTwoPods_AreEithers_WithoutTheInterface()
    {
        using var scene = await ReplacedAsync(withPath: false);

        Assert.Empty(await scene.CodesAsync());
        Assert.Contains(scene.Round().Insufficient, missing => missing.Missing.Contains("which pod sent 2 resets", StringComparison.Ordinal));
    }

    [Fact]
    public async Task ASynForTheFormerPod_AnsweredByAnotherWorkload_IsM5b()
    {
        using var scene = await FindingTests.CalmAsync();
        FindingTests.Terminate(scene);
        scene.Detail("node1", PathState.Leaf, 7);
        scene.Run(1);
        FindingTests.End(scene, exitCode: 137);
        scene.Detail("node1", PathState.LeafGone);
        scene.Entries("node1", Group(), FlowState.Established, 0);
        scene.Entries("node1", Group(), FlowState.SynSent, 2);
        scene.Run(2);
        scene.LateAnswer("node1", 40_000);
        scene.LateAnswer("node1", 40_001);
        scene.Entries("node1", Group(), FlowState.TimeWait, 2);
        scene.Run(1);
        scene.Apply(new PodChange(Objects.Pod("c", PodIp), false));
        scene.Run(3);

        Assert.Equal([MechanismCodes.WrongBackend], await scene.CodesAsync());
        Assert.Equal(2, Assert.Single(scene.Round().Findings).Finding.Explains.Count);
    }

    [Theory]
    [InlineData(3, 3, true)]
    [InlineData(3, 0, false)]
    [InlineData(12, 3, true)]
    [InlineData(12, 1, false)] // A port that was chosen at random twice.
    [InlineData(3, 1, false)]
    public async Task SynSentEntriesThatAreUsedAgain_AreM6b(uint entries, uint reused, bool isFound)
    {
        using var scene = await FindingTests.CalmAsync();
        scene.Apply(new SliceChange(Objects.Slice(Objects.Ready(B)), false), new PodChange(A, true));
        scene.Entries("node1", Group(), FlowState.SynSent, entries);
        scene.Run(1);
        scene.Detail("node1", PathState.Dead, synReused: reused);
        scene.Run(3);

        Assert.Equal(isFound ? [MechanismCodes.SynReuse] : [], await scene.CodesAsync());
    }

    [Fact]
    public async Task EntriesThatWaitASecondAfterThePathEnded_AreM4()
    {
        using var scene = await FindingTests.CalmAsync();
        FindingTests.Terminate(scene);
        scene.Lookup("node1", 3, 0, idle: 3);
        scene.Detail("node1", PathState.Dead);
        scene.Run(1);
        scene.Detail("node1", PathState.Dead, waiting: 3);
        Assert.Empty(scene.Round().Findings);
        scene.Run(1);

        Assert.Equal([MechanismCodes.BlackHole], await scene.CodesAsync());
    }

    /// <summary>What waits when its pod is gone waits no shorter because it waited before; what was answered meanwhile does.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task EntriesThatWaitedBeforeThePodsEnd_AreM4_AfterTenSecondsInAll(bool isAnswered)
    {
        using var scene = await FindingTests.CalmAsync();
        scene.Lookup("node1", 3, 3);
        scene.Run(4);
        if (isAnswered)
            scene.Lookup("node1", 3, 1, alive: 2);
        scene.Run(1);
        scene.Lookup("node1", 3, 3);
        scene.Run(3);
        scene.Apply(new SliceChange(Objects.Slice(Objects.Ready(B)), false), new PodChange(A, true));
        scene.Run(3);

        Assert.Equal(isAnswered ? [] : [MechanismCodes.BlackHole], await scene.CodesAsync());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task RefusalsOfAServiceWithoutReadyEndpoints_AreM7(bool isEmpty)
    {
        using var scene = await FindingTests.CalmAsync();
        if (isEmpty)
            scene.Apply(new SliceChange(Objects.Slice(), false), new PodChange(A, true), new PodChange(B, true));
        scene.Entries("node1", Group(), FlowState.Established, 0);
        scene.Run(2);
        scene.Refusal("node1");
        scene.Run(1);
        scene.Refusal("node1");
        scene.Run(2);

        Assert.Equal(isEmpty ? [MechanismCodes.NoEndpoints] : [], await scene.CodesAsync());
    }

    /// <summary>A Service that was deleted has no endpoints that could become known: what is known of it ends with it.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task RefusalsOfAServiceThatWasDeletedSince_LeaveNothingUnknown(bool isEmpty)
    {
        using var scene = await FindingTests.CalmAsync();
        if (isEmpty)
            scene.Apply(new SliceChange(Objects.Slice(), false), new PodChange(A, true), new PodChange(B, true));
        scene.Entries("node1", Group(), FlowState.Established, 0);
        scene.Run(2);
        scene.Refusal("node1");
        scene.Run(2);
        scene.Apply(new SliceChange(isEmpty ? Objects.Slice() : Objects.Slice(Objects.Ready(A), Objects.Ready(B)), true), new ServiceChange(Objects.Service(), true));
        scene.Run(5);

        Assert.Equal(isEmpty ? [MechanismCodes.NoEndpoints] : [], scene.Round().Findings.Select(finding => finding.Code));
        Assert.All(scene.Round().Findings, finding => Assert.NotNull(finding.UntilMs));
        Assert.DoesNotContain(scene.Round().Insufficient, missing => missing.Mechanisms == "M7");
    }

    /// <summary>More addresses than the collectors look up: what is not looked up is not calm.</summary>
    [Theory]
    [InlineData(true, false)]
    [InlineData(false, false)]
    [InlineData(true, true)]
    public async Task EntriesOfAnAddressThatTheWatchListLacks_AreInsufficient_WhereItIsFull(bool isFull, bool isListed)
    {
        using var scene = await FindingTests.CalmAsync();
        scene.Apply(new SliceChange(Objects.Slice(Objects.Ready(B)), false), new PodChange(A, true));
        scene.Console.Store.FullWatchList = isFull ? new HashSet<Ip> { Ip.Parse(isListed ? PodIp : OtherIp) } : null;
        scene.Run(3);

        var missing = scene.Round().Insufficient.Where(one => one.Missing.Contains("lookups.list_full", StringComparison.Ordinal));
        Assert.Equal(isFull && !isListed ? ["M4, M6b, M8"] : [], missing.Select(one => one.Mechanisms));
        Assert.Empty(scene.Round().Findings);
    }

    /// <summary>A refusal while its rules were being written is not one of the time, much later, in which the Service has no ready endpoint.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task RefusalsBeforeTheLastEndpointLeft_AreNotM7(bool alsoSince)
    {
        using var scene = await FindingTests.CalmAsync();
        scene.Entries("node1", Group(), FlowState.Established, 0);
        scene.Refusal("node1");
        scene.Run(3);
        scene.Apply(new SliceChange(Objects.Slice(), false), new PodChange(A, true), new PodChange(B, true));
        scene.Run(2);
        if (alsoSince)
            scene.Refusal("node1");
        scene.Run(2);

        Assert.Equal(alsoSince ? [MechanismCodes.NoEndpoints] : [], await scene.CodesAsync());
        Assert.All(scene.Round().Findings, finding => Assert.Equal(1, finding.Finding.Explains.Count));
    }

    /// <summary>Whether clients were refused is unknown only where a node does not report it: not of a Service without clients.</summary>
    [Theory]
    [InlineData(true, 0, false)]
    [InlineData(false, 0, true)]
    [InlineData(false, 1, false)]
    public async Task WithoutRefusals_OnlyAServiceWithoutReadyEndpoints_OfWhichTheyAreNotReported_MayHaveSome(bool isReported, int ready, bool isUnknown)
    {
        using var scene = await FindingTests.CalmAsync();
        if (isReported)
        {
            foreach (string node in (string[])["node1", "node2"])
                scene.Console.Store.Connected(new Hello(node, "0.1.0", "boot", "6.18", 1, [new Capability("resets.trace", true, "ok"), new Capability(Capability.Refusals, true, "ok")], new Dictionary<string, string>()));
        }

        if (ready == 0)
            scene.Apply(new SliceChange(Objects.Slice(), false));
        scene.Apply(new PodChange(A, true));
        scene.Entries("node1", Group(), FlowState.Established, 2);
        scene.Lookup("node1", 2, 0, idle: 2);
        scene.Run(3);

        Assert.Equal(isUnknown, scene.Round().Insufficient.Any(missing => missing.Missing.StartsWith("whether clients were refused", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData(40, true)]
    [InlineData(4, false)]
    public async Task PacketsDroppedByKubeProxysRule_AreM1b_OfTheNode(int dropped, bool isFound)
    {
        using var scene = await FindingTests.CalmAsync();
        Proxy(scene, 100);
        scene.Run(2);
        Proxy(scene, 100 + dropped);
        scene.Run(3);

        Assert.Equal(isFound ? [MechanismCodes.InvalidDropped] : [], await scene.CodesAsync());
        Assert.All(scene.Round().Findings, finding => Assert.Equal(["node1"], finding.Nodes));
    }

    /// <summary>The time of the last packets, not the end of the window: otherwise nothing shows that they come again.</summary>
    [Fact]
    public async Task PacketsDroppedByKubeProxysRule_HaveTheTimesOfTheFirstAndTheLast()
    {
        using var scene = await FindingTests.CalmAsync();
        Proxy(scene, 100);
        scene.Run(2);
        Proxy(scene, 140);
        scene.Run(1);
        long firstMs = scene.NowMs;
        scene.Run(20);
        var once = Assert.Single(scene.Round().Findings);
        Proxy(scene, 150);
        scene.Run(1);
        long lastMs = scene.NowMs;
        scene.Run(20);

        // They are kept by intervals of ten seconds.
        var again = Assert.Single(scene.Round().Findings);
        Assert.Equal(once.SinceMs, again.SinceMs);
        Assert.InRange(once.SinceMs!.Value, firstMs - 10_000, firstMs);
        Assert.InRange(once.UntilMs!.Value, firstMs, firstMs + 10_000);
        Assert.InRange(again.UntilMs!.Value, lastMs, lastMs + 10_000);
    }

    private static void Proxy(FindingScene scene, double dropped) => scene.Next("node1", frame => frame.Proxy =
        new ProxyReading(frame.AtMs, true, ProxyMode.Iptables, 200, 1, frame.AtMs / 1000.0 - 60, frame.AtMs / 1000.0 - 60, 0.1, 5, 0, 0, 0, 0, dropped, 0));

    // Another pod of the Service gets the address, resets two connections, and only then its status names the address.
    private static async Task<FindingScene> ReplacedAsync(bool withPath, bool isReported = true)
    {
        var scene = await FindingTests.CalmAsync();
        FindingTests.Terminate(scene);
        if (withPath)
            scene.Detail("node1", PathState.Leaf, 7);
        scene.Run(1);
        FindingTests.End(scene, exitCode: 137);
        if (withPath)
            scene.Detail("node1", PathState.LeafGone);
        scene.Run(2);
        if (withPath)
            scene.Detail("node1", PathState.Leaf, 9);
        scene.Reset("node1", ResetKind.FromBackend, 40_000);
        scene.Reset("node1", ResetKind.FromBackend, 40_001);
        scene.Entries("node1", Group(), FlowState.Established, 1);
        scene.Run(1);
        if (!isReported)
            return scene;
        scene.Apply(new PodChange(Objects.Pod("c", PodIp), false));
        scene.Run(3);
        return scene;
    }
}
