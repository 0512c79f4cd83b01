using ConntrackConsole.Actions;
using ConntrackConsole.Cluster;
using ConntrackConsole.Wire;
using Xunit;

namespace ConntrackConsole.Tests.Actions;

public class FlushGuardTests
{
    private const string Ip = "10.1.0.5";

    /// <summary>A world in which everything speaks for the flush: each row changes one thing.</summary>
    private static readonly FlushWorld Clean = new(
        Ip, true, "pod is gone", true, TimeSpan.FromSeconds(1), new Ownership(OwnerState.Gone, null, "shop/checkout-a", 1_000),
        ["node1", "node2"], [], [Preview("node1", 2), Preview("node2", 0)], []);

    public static TheoryData<string, FlushWorld, GuardDecision, string> Table => new()
    {
        { "gone", Clean, GuardDecision.Allow, "shop/checkout-a" },
        { "gone, nodes not asked yet", Clean with { Previews = null }, GuardDecision.Allow, "No live pod" },
        { "live", Owner(OwnerState.Live), GuardDecision.Refuse, "is alive" },
        { "terminating", Owner(OwnerState.Terminating), GuardDecision.NeedsConfirmation, "still terminating" },
        { "lost", Owner(OwnerState.Lost), GuardDecision.NeedsConfirmation, "cannot be reached" },
        { "node", Owner(OwnerState.Node), GuardDecision.Refuse, "address of node" },
        { "Service", Owner(OwnerState.Service), GuardDecision.Refuse, "address of Service" },
        { "unknown", Owner(OwnerState.Unknown), GuardDecision.Refuse, "never saw a pod" },
        { "not plain", Clean with { ValidIp = false }, GuardDecision.Refuse, "plain form" },
        { "no reason", Clean with { Reason = " " }, GuardDecision.Refuse, "reason is missing" },
        { "no cluster", Clean with { HasCluster = false }, GuardDecision.Refuse, "No cluster" },
        { "never listed", Clean with { ClusterAge = TimeSpan.MaxValue }, GuardDecision.Refuse, "not been listed" },
        { "ten seconds old", Clean with { ClusterAge = TimeSpan.FromSeconds(10) }, GuardDecision.Allow, "" },
        { "older", Clean with { ClusterAge = TimeSpan.FromSeconds(10.1) }, GuardDecision.Refuse, "wait until the API server" },
        { "no collector", Clean with { Connected = [], Previews = null }, GuardDecision.Refuse, "No collector" },
        { "nobody answers", Clean with { Previews = [], Silent = ["node1", "node2"] }, GuardDecision.Refuse, "node1, node2" },
        { "one silent", Clean with { Silent = ["node3"] }, GuardDecision.NeedsConfirmation, "node3 cannot be asked" },
        { "all refuse", Clean with { Previews = [Preview("node1", 0) with { Refusal = "Own address." }] }, GuardDecision.Refuse, "node1 says: Own address." },
        { "one refuses", Clean with { Previews = [Preview("node1", 1), Preview("node2", 0) with { Refusal = "Busy." }] }, GuardDecision.NeedsConfirmation, "node2 refuses: Busy." },
        { "nothing there", Clean with { Previews = [Preview("node1", 0)] }, GuardDecision.Refuse, "nothing to flush" },
        { "nothing there but one silent", Clean with { Previews = [Preview("node1", 0)], Silent = ["node2"] }, GuardDecision.NeedsConfirmation, "node2" },
        { "5,000 entries", Clean with { Previews = [Preview("node1", 5_000)] }, GuardDecision.Allow, "" },
        { "5,001 entries", Clean with { Previews = [Preview("node1", 5_001)] }, GuardDecision.Refuse, "second person" },
        { "tcp_loose=0", Clean with { Previews = [Preview("node1", 1) with { TcpLoose = false }] }, GuardDecision.NeedsConfirmation, "will hang" },
        { "tcp_loose=0 where nothing is", Clean with { Previews = [Preview("node1", 1), Preview("node2", 0) with { TcpLoose = false }] }, GuardDecision.Allow, "" },
        { "no endpoints", Clean with { WithoutEndpoints = ["shop/checkout"] }, GuardDecision.NeedsConfirmation, "shop/checkout has no endpoint" },
        { "two doubts", Owner(OwnerState.Terminating) with { Silent = ["node3"] }, GuardDecision.NeedsConfirmation, "still terminating" },
        { "doubt and refusal", Owner(OwnerState.Live) with { Silent = ["node3"] }, GuardDecision.Refuse, "is alive" },
    };

    [Theory]
    [MemberData(nameof(Table))]
    public void Check_OneThingChanged_DecidesWithItsOwnSentence(string changed, FlushWorld world, GuardDecision expected, string sentence)
    {
        var verdict = FlushGuard.Check(world);
        Assert.True(expected == verdict.Decision, $"{changed}: {verdict}");
        Assert.Contains(sentence, verdict.Sentence);
        Assert.Equal(expected == GuardDecision.NeedsConfirmation ? Ip : null, verdict.TypeToConfirm);
    }

    [Fact]
    public void Check_TwoDoubts_TellsBoth()
    {
        var verdict = FlushGuard.Check(Owner(OwnerState.Terminating) with { Silent = ["node3"] });
        Assert.Contains("terminating", verdict.Sentence);
        Assert.Contains("node3", verdict.Sentence);
    }

    private static FlushWorld Owner(OwnerState state) => Clean with { Owner = new Ownership(state, null, "shop/checkout-a") };

    private static FlushPreview Preview(string node, int entries) =>
        new("p", node, "d", [.. Enumerable.Repeat(Entry, entries)], 0, null, true);

    private static readonly FlowEntry Entry = new(
        "tcp", "ESTABLISHED", "10.1.1.1", 40000, "10.96.0.10", 80, Ip, 8080, "10.1.1.1", 40000, 0, 1, 300, 0, FlushEffect.FailsFast);
}
