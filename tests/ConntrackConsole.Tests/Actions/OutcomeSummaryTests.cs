using ConntrackConsole.Actions.Guards;
using ConntrackConsole.Actions.Workflow;
using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Wire;
using Xunit;

namespace ConntrackConsole.Tests.Actions;

public class OutcomeSummaryTests
{
    private static FlushResult Done(string node, int deleted, int failed = 0, int remaining = 0) =>
        new("a", node, deleted + failed, deleted, 0, 0, failed, remaining, null, failed > 0 ? ["EPERM"] : [], 5);

    [Fact]
    public void Of_EveryNodeDone_IsCompleted() =>
        Assert.Equal((ActionState.Completed, "4 entries deleted on 2 nodes; none remain."), Flushed(Done("n1", 3), Done("n2", 1)));

    [Theory]
    [InlineData(false, ActionState.Partly, "On n1: IPVS keeps 2 connections to this address although the server was removed")]
    [InlineData(null, ActionState.Partly, "Unless net.ipv4.vs.expire_nodest_conn is 1 (it cannot be read), it drops their packets for up to 897 s.")]
    [InlineData(true, ActionState.Completed, "3 entries deleted on 1 node; none remain. On n1: IPVS itself ends 2 connections")]
    public void Of_ConnectionsThatIpvsKeeps_IsNeverCompleted(bool? expires, ActionState expected, string fragment)
    {
        var (state, message) = Flushed(Done("n1", 3) with { Ipvs = new(2, 0, 2, 897, expires, true, false) });

        Assert.Equal(expected, state);
        Assert.Contains(fragment, message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(3, 3, false, "IPVS still forwards 3 connections to this address although its weight is 0")] // kube-proxy's graceful removal
    [InlineData(0, 3, false, "IPVS keeps 3 connections that lead to this address as its server")]
    [InlineData(0, 0, true, "IPVS's table could not be read to its end")]
    public void Of_ConnectionsThatOutliveTheFlush_IsPartlyAndSaysWhatHelps(int draining, int total, bool partial, string fragment)
    {
        var (state, message) = Flushed(Done("n1", 3) with { Ipvs = new(0, draining, total, 0, true, true, partial) });

        Assert.Equal(ActionState.Partly, state);
        Assert.Contains(fragment, message, StringComparison.Ordinal);
        Assert.Contains(partial ? "ipvsadm -Lnc" : "remove the server from IPVS", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_IpvsThatCannotBeRead_IsNeverCompletedAndSaysSo()
    {
        var (state, message) = Flushed(Done("n1", 3) with { Ipvs = new(0, 0, 0, 0, null, null, true, Unreadable: true) });

        Assert.Equal(ActionState.Partly, state);
        Assert.Contains("On n1: IPVS is loaded, but its table cannot be read", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_NodesWithoutAnEntry_AreNotCounted() =>
        Assert.Equal("3 entries deleted on 1 node; none remain.", Flushed(Done("n1", 3), Done("n2", 0), Done("n3", 0)).Message);

    [Fact]
    public void Of_NothingWasThere_NamesNoNumberOfNodes() => Assert.Equal("0 entries deleted; none remain.", Flushed(Done("n1", 0), Done("n2", 0)).Message);

    [Fact]
    public void SuggestedReason_CountsTheNodesThatHoldTheLiveEntries()
    {
        var live = new FlowEntry("tcp", "ESTABLISHED", "10.1.1.1", 1, "10.96.0.10", 80, "10.1.0.5", 8080, "10.1.1.1", 1, 0, 1, 300, 0, FlushEffect.FailsFast);
        var left = live with { State = "TIME_WAIT", Effect = FlushEffect.NoEffect };
        string reason = ActionFormatter.SuggestedReason(
            "10.1.0.5", new AddressOwnership(OwnerState.Gone), [new("p", "n1", "d", [live, left], 0, null, true), new("p", "n2", "d", [left], 0, null, true), new("p", "n3", "d", [], 0, null, true)]);
        Assert.Contains("1 entry on 1 node", reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_ANodeNotContacted_IsPartlyAndNamesIt()
    {
        var (state, message) = Flushed([new NodeResult("n2", NodeOutcome.NotAsked)], Done("n1", 3));
        Assert.Equal(ActionState.Partly, state);
        Assert.Contains("n2", message);
    }

    [Fact]
    public void Of_ANodeDidNotAnswer_IsUnknown() =>
        Assert.Equal(ActionState.Unknown, Flushed([new NodeResult("n2", NodeOutcome.Unknown)], Done("n1", 3)).State);

    [Fact]
    public void Of_OnlyRefusals_IsFailed() =>
        Assert.Equal(ActionState.Failed, Flushed([new NodeResult("n1", NodeOutcome.Refused, Message: "Expired.")]).State);

    [Fact]
    public void Of_SomeEntriesFailed_IsPartly() =>
        Assert.Equal(ActionState.Partly, Flushed(Done("n1", 2, failed: 1, remaining: 1)).State);

    [Fact]
    public void Digest_AnotherList_IsAnother()
    {
        var one = new FlushPreview("p", "n1", "d1", [], 0, null, true);
        var two = one with { Node = "n2", Digest = "d2" };
        string digest = ActionFormatter.Digest("a", Ask, [one, two], []);
        Assert.Equal(digest, ActionFormatter.Digest("a", Ask, [two, one], []));
        Assert.NotEqual(digest, ActionFormatter.Digest("a", Ask, [one], []));
        Assert.NotEqual(digest, ActionFormatter.Digest("a", Ask, [one, two with { Digest = "d3" }], []));
        Assert.NotEqual(digest, ActionFormatter.Digest("b", Ask, [one, two], []));
        Assert.NotEqual(digest, ActionFormatter.Digest("a", Ask with { PodIp = "10.1.0.6" }, [one, two], []));
        Assert.NotEqual(digest, ActionFormatter.Digest("a", Ask with { Preset = FlushPreset.All }, [one, two], []));
        Assert.NotEqual(digest, ActionFormatter.Digest("a", Ask with { Scope = new FlushScope("tcp", null, null) }, [one, two], []));
    }

    [Fact]
    public void Digest_AnotherPreviewedValueOrTime_IsAnother()
    {
        var ask = new ActionRequest(ActionKind.Setting) { Key = "k", Value = "1", RevertAfterMs = 60_000 };
        var shown = new SettingReading("a", "n1", "k", "0", null, null, null);
        string digest = ActionFormatter.Digest("a", ask, [], [shown]);
        Assert.NotEqual(digest, ActionFormatter.Digest("a", ask, [], [shown with { Value = "1" }]));
        Assert.NotEqual(digest, ActionFormatter.Digest("a", ask with { RevertAfterMs = 120_000 }, [], [shown]));
        Assert.NotEqual(digest, ActionFormatter.Digest("a", ask with { Value = "2" }, [], [shown]));
    }

    [Theory]
    [InlineData(SettingOutcome.Written, NodeOutcome.Done, ActionState.Completed, "0 → 1 on n1.")]
    [InlineData(SettingOutcome.Already, NodeOutcome.Done, ActionState.Completed, "already")]
    [InlineData(SettingOutcome.Failed, NodeOutcome.Done, ActionState.Failed, "n1: why")]
    [InlineData(SettingOutcome.Unsure, NodeOutcome.Done, ActionState.Failed, "n1: why")]
    [InlineData(SettingOutcome.Moved, NodeOutcome.Refused, ActionState.Failed, "n1 did nothing: why")]
    public void Of_ASettingOnOneNode_IsTheNodesResult(SettingOutcome outcome, NodeOutcome node, ActionState state, string message)
    {
        var result = OutcomeSummary.Of(ActionKind.Setting, [new NodeResult("n1", node, Setting: new SettingResult("a", "n1", "k", outcome, "0", "1", null, "why"))]);
        Assert.Equal(state, result.State);
        Assert.Contains(message, result.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_AFailedCanary_NamesTheUnchangedNodes()
    {
        var result = OutcomeSummary.Of(ActionKind.Setting,
        [
            new NodeResult("n1", NodeOutcome.Done, Setting: new SettingResult("a", "n1", "k", SettingOutcome.Failed, "0", "0", null, "The kernel refused.")),
            new NodeResult("n2", NodeOutcome.Stopped), new NodeResult("n3", NodeOutcome.Stopped),
        ]);
        Assert.Equal(ActionState.Failed, result.State);
        Assert.Contains("n2, n3 kept the previous value", result.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_AnInterruptedFlush_IsNeverCompleted()
    {
        var (state, message) = Flushed(Done("n1", 2), Done("n2", 0) with { Unsure = true });
        Assert.Equal(ActionState.Partly, state);
        Assert.Contains("interrupted", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_AnInterruptedFlush_ReportsOnlyRemainingEntries()
    {
        var result = Flushed(Done("n1", 0) with { Listed = 5, Remaining = 3, Unsure = true });
        Assert.Equal(ActionState.Partly, result.State);
        Assert.StartsWith("The number of deleted entries is unknown; 3 entries remaining. On n1 the flush was interrupted", result.Message, StringComparison.Ordinal);
        Assert.EndsWith("Counted on n1: all entries of the address, also those that the flush does not select.", result.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("all entries", Flushed(Done("n1", 0) with { Listed = 5, Remaining = 3, Unsure = true, RemainingIsScoped = true }).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_ASettingInterruptedAfterItsWrite_IsNotFailed()
    {
        var result = new SettingResult("a", "n1", "k", SettingOutcome.Unsure, "0", "1", 60_000, "It was cut off.");
        Assert.Equal(ActionState.Partly, OutcomeSummary.Of(ActionKind.Setting, [new NodeResult("n1", NodeOutcome.Done, Setting: result)]).State);
    }

    private static readonly ActionRequest Ask = new(ActionKind.Flush) { PodIp = "10.1.0.5" };

    private static ActionRecord Record() => new(new ActionPlan("a", Ask, "ada", 0, new GuardVerdict(GuardDecision.Allow, ""), "d", 0), ActionState.Completed, 0);

    private static (ActionState State, string Message) Flushed(params FlushResult[] results) => Flushed([], results);

    private static (ActionState State, string Message) Flushed(NodeResult[] others, params FlushResult[] results) =>
        OutcomeSummary.Of(ActionKind.Flush, [.. results.Select(r => new NodeResult(r.Node, NodeOutcome.Done, r)), .. others]);

    [Fact]
    public void Of_ANodeWithoutRemainingCount_IsPartlyAndNamesIt()
    {
        var done = new FlushResult("a", "n1", 2, 2, 0, 0, 0, 0, null, [], 1);

        var (state, message) = Flushed(done, done with { Node = "n2", Remaining = -1 });

        Assert.Equal(ActionState.Partly, state);
        Assert.Equal("4 entries deleted on 2 nodes; none seen remaining. The remaining entries on n2 could not be read.", message);
        Assert.Contains("n2: listed 2, deleted 2, already gone 0, alive 0, failed 0, remaining unknown", ActionFormatter.After(Record() with { Nodes = [new NodeResult("n2", NodeOutcome.Done, done with { Node = "n2", Remaining = -1 })] }), StringComparison.Ordinal);
    }

    [Fact]
    public void Before_Previews_NamesTheEffects()
    {
        var entry = new FlowEntry("tcp", "ESTABLISHED", "10.1.1.1", 1, "10.96.0.10", 80, "10.1.0.5", 8080, "10.1.1.1", 1, 0, 1, 300, 0, FlushEffect.FailsFast);

        Assert.Equal(
            "n1: 2 entries (1 fail fast, 1 without effect)",
            ActionFormatter.Before(Record().Plan with { Previews = [new FlushPreview("p", "n1", "d", [entry, entry with { Effect = FlushEffect.NoEffect }], 0, null, true)] }));
    }

    [Fact]
    public void SuggestedReason_GoneOwner_NamesItAndWhatIsLeft()
    {
        var entry = new FlowEntry("tcp", "ESTABLISHED", "10.1.1.1", 1, "10.96.0.10", 80, "10.1.0.5", 8080, "10.1.1.1", 1, 0, 1, 300, 0, FlushEffect.FailsFast);
        string reason = ActionFormatter.SuggestedReason("10.1.0.5", new AddressOwnership(OwnerState.Gone, null, "shop/checkout-a", 0), [new("p", "n1", "d", [entry], 0, null, true)]);
        Assert.Equal("shop/checkout-a has been gone since 00:00:00Z; 1 entry on 1 node still leads to 10.1.0.5", reason);
    }
}
