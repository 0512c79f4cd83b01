using ConntrackConsole.Actions;
using ConntrackConsole.Cluster;
using ConntrackConsole.Wire;
using Xunit;

namespace ConntrackConsole.Tests.Actions;

public class FlushWordsTests
{
    private static FlushResult Done(string node, int deleted, int failed = 0, int remaining = 0) =>
        new("a", node, deleted + failed, deleted, 0, 0, failed, remaining, null, failed > 0 ? ["EPERM"] : [], 5);

    [Fact]
    public void Judge_EveryNodeDone_IsCompleted() =>
        Assert.Equal((ActionState.Completed, "4 entries deleted on 2 nodes; none remains."), FlushWords.Judge([Done("n1", 3), Done("n2", 1)], [], []));

    [Fact]
    public void Judge_ANodeWasNotAsked_IsPartlyAndNamesIt()
    {
        var (state, sentence) = FlushWords.Judge([Done("n1", 3)], [], ["n2"]);
        Assert.Equal(ActionState.Partly, state);
        Assert.Contains("n2", sentence);
    }

    [Fact]
    public void Judge_ANodeDidNotAnswerTheOrder_IsUnknown() =>
        Assert.Equal(ActionState.Unknown, FlushWords.Judge([Done("n1", 3)], ["n2"], []).State);

    [Fact]
    public void Judge_OnlyRefusals_IsFailed() =>
        Assert.Equal(ActionState.Failed, FlushWords.Judge([Done("n1", 0) with { Refusal = "Expired." }], [], []).State);

    [Fact]
    public void Judge_SomeEntriesFailed_IsPartly() =>
        Assert.Equal(ActionState.Partly, FlushWords.Judge([Done("n1", 2, failed: 1, remaining: 1)], [], []).State);

    [Fact]
    public void Digest_AnotherList_IsAnother()
    {
        var one = new FlushPreview("p", "n1", "d1", [], 0, null, true);
        var two = one with { Node = "n2", Digest = "d2" };
        string digest = FlushWords.Digest("a", "10.1.0.5", [one, two]);
        Assert.Equal(digest, FlushWords.Digest("a", "10.1.0.5", [two, one]));
        Assert.NotEqual(digest, FlushWords.Digest("a", "10.1.0.5", [one]));
        Assert.NotEqual(digest, FlushWords.Digest("a", "10.1.0.5", [one, two with { Digest = "d3" }]));
        Assert.NotEqual(digest, FlushWords.Digest("b", "10.1.0.5", [one, two]));
    }

    [Fact]
    public void Judge_NodeThatCouldNotCountWhatIsLeft_IsPartlyAndSaysSo()
    {
        var done = new FlushResult("a", "n1", 2, 2, 0, 0, 0, 0, null, [], 1);

        var (state, sentence) = FlushWords.Judge([done, done with { Node = "n2", Remaining = -1 }], [], []);

        Assert.Equal(ActionState.Partly, state);
        Assert.Equal("4 entries deleted on 2 nodes; none seen remaining. What is left on n2 could not be read.", sentence);
        Assert.Contains("n2: listed 2, deleted 2, already gone 0, alive 0, failed 0, remaining unknown", FlushWords.Counted([done with { Node = "n2", Remaining = -1 }]), StringComparison.Ordinal);
    }

    [Fact]
    public void Counted_Previews_TellsTheEffectsInWords()
    {
        var entry = new FlowEntry("tcp", "ESTABLISHED", "10.1.1.1", 1, "10.96.0.10", 80, "10.1.0.5", 8080, "10.1.1.1", 1, 0, 1, 300, 0, FlushEffect.FailsFast);

        Assert.Equal(
            "n1: 2 entries (1 fail fast, 1 without effect)",
            FlushWords.Counted([new FlushPreview("p", "n1", "d", [entry, entry with { Effect = FlushEffect.NoEffect }], 0, null, true)]));
    }

    [Fact]
    public void SuggestedReason_GoneOwner_NamesItAndWhatIsLeft()
    {
        var entry = new FlowEntry("tcp", "ESTABLISHED", "10.1.1.1", 1, "10.96.0.10", 80, "10.1.0.5", 8080, "10.1.1.1", 1, 0, 1, 300, 0, FlushEffect.FailsFast);
        string reason = FlushWords.SuggestedReason("10.1.0.5", new Ownership(OwnerState.Gone, null, "shop/checkout-a", 0), [new("p", "n1", "d", [entry], 0, null, true)]);
        Assert.Equal("shop/checkout-a is gone since 00:00:00Z; 1 entry on 1 node still leads to 10.1.0.5", reason);
    }
}
