using ConntrackConsole.Diagnosis.Catalog;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Timeline.Series;
using ConntrackConsole.Wire;
using Xunit;
using static ConntrackConsole.Tests.Findings.FindingScene;

namespace ConntrackConsole.Tests.Findings;

/// <summary>A node that fell silent: lost if connections to several of its pods back off and none of its pods answers, long before the control plane calls it lost.</summary>
public sealed class SilentNodeTests
{
    private const string Lost = "node1";
    private const string Observer = "node2";
    private const string OtherObserver = "node3";

    [Fact]
    public async Task ConnectionsToItsPodsBackOff_IsM4_BeforeTheControlPlanesWord()
    {
        using var scene = await SilentAsync();
        BackOff(scene, PodIp, OtherIp);
        scene.Run(2);
        Assert.Empty(scene.Round().Findings);
        scene.Run(3);
        Assert.Equal(2, scene.Round().Findings.Count);

        var report = scene.Round();
        Assert.Equal([MechanismCodes.BlackHole, MechanismCodes.BlackHole], report.Findings.Select(finding => finding.Code));
        Assert.Equal([PodIp, OtherIp], report.Findings.Select(finding => finding.Subject.Backend.ToString()).Order());
        Assert.All(report.Findings, finding => Assert.Contains(finding.Finding.Evidence, item => item.Sentence.Contains("fell silent", StringComparison.Ordinal)));

        // It is back: the window still has it, with its end.
        scene.Silent.Clear();
        Answer(scene, PodIp, OtherIp);
        scene.Run(3);
        Assert.All(scene.Round().Findings, finding => Assert.NotNull(finding.UntilMs));
        Assert.Equal(2, scene.Round().Findings.Count);
    }

    public static TheoryData<string> Others => [.. LookAlikes.Keys];

    [Theory]
    [MemberData(nameof(Others))]
    public async Task WhatOnlyLooksLikeALostNode_IsNotNamed(string name)
    {
        using var scene = await SilentAsync();
        BackOff(scene, PodIp, OtherIp);
        LookAlikes[name](scene);
        for (int second = 0; second < 8; second++)
        {
            scene.Run(1);
            Assert.Empty(scene.Round().Findings);
        }
    }

    /// <summary>That an entry backs off is seen at the first look, that another one is answered at the third.</summary>
    [Fact]
    public async Task OneOfItsPodsAnswers_SeenSecondsLater_IsNotNamedMeanwhile()
    {
        using var scene = await SilentAsync();
        BackOff(scene, PodIp, OtherIp);
        for (int second = 0; second < 8; second++)
        {
            scene.Run(1);
            if (second == 1)
                Answer(scene, OtherIp);
            Assert.Empty(scene.Round().Findings);
        }
    }

    /// <summary>What backed off before the node fell silent did not do so because of it.</summary>
    [Fact]
    public async Task ConnectionsBackedOffBefore_IsNotNamed()
    {
        using var scene = await StartAsync(Lost, Observer, OtherObserver, "node4");
        Enter(scene);
        BackOff(scene, PodIp, OtherIp);
        scene.Run(5);
        scene.Silent.Add(Lost);
        for (int second = 0; second < 10; second++)
        {
            scene.Run(1);
            Assert.Empty(scene.Round().Findings);
        }
    }

    /// <summary>The console is late, or its network; the first of its nodes seems silent a moment before the others.</summary>
    [Fact]
    public async Task ManyNodesAreSilent_NoneIsNamed_AndNoneWhenTheyAreBack()
    {
        using var scene = await SilentAsync(1);
        scene.Silent.UnionWith(["node3", "node4"]);
        scene.Run(3);
        scene.Round();
        BackOff(scene, PodIp, OtherIp);
        for (int second = 0; second < 8; second++)
        {
            scene.Run(1);
            Assert.Empty(scene.Round().Findings);
        }

        scene.Silent.Clear();
        Answer(scene, PodIp, OtherIp);
        scene.Run(3);
        Assert.Empty(scene.Round().Findings);
    }

    [Fact]
    public void FellSilent_IsWhatStaysConnectedAndSendsNothing()
    {
        var node = new NodeTimeline("node1");
        Assert.Null(node.FellSilentMs(100_000)); // Before the console's start, perhaps: none has connected.
        node.Connect(new Hello("node1", "0.1.0", "boot", "6.18", 1, [], new Dictionary<string, string>()), 100_000);
        Assert.Null(node.FellSilentMs(100_000 + NodeTimeline.SilentMs));
        Assert.Equal(100_000, node.FellSilentMs(100_001 + NodeTimeline.SilentMs));
        node.Apply(1, new NodeFrame { Sequence = 1, AtMs = 105_000, IsKey = true }, 105_000, (_, _, _, _) => { });
        Assert.Null(node.FellSilentMs(105_000 + NodeTimeline.SilentMs));
        Assert.Equal(105_000, node.FellSilentMs(110_000));
        node.Disconnect(135_000); // The console gave it up.
        Assert.Equal(105_000, node.FellSilentMs(136_000));
        node.Connect(new Hello("node1", "0.1.0", "boot", "6.18", 1, [], new Dictionary<string, string>()), 140_000);
        Assert.Null(node.FellSilentMs(141_000)); // It was heard, before its first frame.
        node.Disconnect(141_000);
        Assert.Null(node.FellSilentMs(150_000));
    }

    private static readonly Dictionary<string, Action<FindingScene>> LookAlikes = new()
    {
        ["a single pod does not answer"] = scene => Detail(scene, OtherIp, backingOff: 0),
        ["one of its pods answers: only the console is cut off"] = scene => scene.Lookup(Observer, 3, 1, alive: 2, ip: OtherIp),
        ["one of its pods answered within the last seconds"] = scene => scene.Detail(Observer, waiting: 2, answering: 1, backingOff: 2, ip: OtherIp),
        ["one of its pods accepts connections"] = scene => scene.LateAnswer(Observer, 4_000, OtherIp),
        ["one of its pods resets its clients"] = scene => scene.Reset(Observer, ResetKind.FromBackend, 4_001, OtherIp),
        ["only clients of one node: they may have gone"] = scene =>
        {
            scene.Detail(OtherObserver, waiting: 3, ip: PodIp);
            scene.Detail(OtherObserver, waiting: 3, ip: OtherIp);
        },
        ["its collector was stopped"] = scene => scene.Console.Store.Disconnected(Lost),
        ["its collector connected again"] = scene =>
        {
            scene.Console.Store.Connected(new Hello(Lost, "0.1.0", "boot", "6.18", 2, [], new Dictionary<string, string>()));
            scene.Silent.Clear();
        },
        ["the other nodes see streams, which always have data that waits"] = scene =>
        {
            Detail(scene, PodIp, backingOff: 0);
            Detail(scene, OtherIp, backingOff: 0);
        },
    };

    // Both pods of the Service are on a node of which the last frame came four seconds ago.
    private static async Task<FindingScene> SilentAsync(int seconds = 4)
    {
        var scene = await StartAsync(Lost, Observer, OtherObserver, "node4");
        Enter(scene);
        scene.Run(5);
        scene.Silent.Add(Lost);
        scene.Run(seconds);
        Assert.Empty(scene.Round().Findings);
        return scene;
    }

    private static void Enter(FindingScene scene)
    {
        foreach (string node in (string[])[Observer, OtherObserver])
        {
            scene.Entries(node, Group(), FlowState.Established, 3);
            scene.Entries(node, Group(OtherIp), FlowState.Established, 3);
        }
    }

    private static void BackOff(FindingScene scene, params string[] pods)
    {
        foreach (string ip in pods)
        {
            scene.Lookup(Observer, 3, 3, ip: ip);
            scene.Lookup(OtherObserver, 3, 3, ip: ip);
            Detail(scene, ip, backingOff: 3);
        }
    }

    private static void Detail(FindingScene scene, string ip, uint backingOff)
    {
        scene.Detail(Observer, waiting: 3, backingOff: backingOff, ip: ip);
        scene.Detail(OtherObserver, waiting: 3, backingOff: backingOff, ip: ip);
    }

    private static void Answer(FindingScene scene, params string[] pods)
    {
        foreach (string ip in pods)
        {
            foreach (string node in (string[])[Observer, OtherObserver])
            {
                scene.Lookup(node, 3, 0, alive: 3, ip: ip);
                scene.Detail(node, answering: 3, ip: ip);
            }
        }
    }
}
