using ConntrackConsole.Actions.Guards;
using ConntrackConsole.Actions.Workflow;
using ConntrackConsole.Wire;
using Xunit;

namespace ConntrackConsole.Tests.Actions;

public sealed class ClientWaitTests
{
    private const long ReadMs = 1_000_000_000;

    /// <summary>A retransmission comes after about the time that the client had been hanging at the one before.</summary>
    [Theory]
    [InlineData("ESTABLISHED", 60, 300, 0, 61)] // sent at this moment
    [InlineData("ESTABLISHED", 60, 290, 0, 41)] // sent 10 s ago, after 50 s: next 40 s from now
    [InlineData("ESTABLISHED", 60, 290, 26, 15)] // confirmed 26 s later
    [InlineData("ESTABLISHED", 60, 290, 45, 96)] // one retransmission later: 100 s after that one
    [InlineData("ESTABLISHED", 112, 291, 0, 95)] // 112 s hung, last sent 9 s ago
    [InlineData("ESTABLISHED", 500, 200, 0, 21)] // 120 s at most between two
    [InlineData("SYN_SENT", 60, 110, 0, 41)]
    public void Expected_IsTheNextRetransmissionAfterTheDeletion(string state, int hungS, uint timeoutS, int actAfterS, int expectedS) =>
        Assert.Equal(expectedS, ClientWait.ExpectedWithinS(Plan(hungS, Entry(state, timeoutS)), ReadMs + (actAfterS * 1000)));

    [Fact]
    public void Expected_IsThatOfTheSlowestEntry() =>
        Assert.Equal(61, ClientWait.ExpectedWithinS(Plan(60, Entry("ESTABLISHED", 290), Entry("ESTABLISHED", 300)), ReadMs));

    [Fact]
    public void Expected_SinceUnknown_IsTheLongestInterval() => Assert.Equal(120, ClientWait.ExpectedWithinS(Plan(null, Entry("ESTABLISHED", 290)), ReadMs));

    [Theory]
    [InlineData(431_000, FlushEffect.FailsFast)] // nothing unacknowledged: idle
    [InlineData(230, FlushEffect.FailsFast)] // last sent before the backend went
    [InlineData(290, FlushEffect.Moves)]
    [InlineData(290, FlushEffect.NoEffect)]
    public void Expected_NobodyWaits_IsNull(uint timeoutS, FlushEffect effect) =>
        Assert.Null(ClientWait.ExpectedWithinS(Plan(60, Entry("ESTABLISHED", timeoutS) with { Effect = effect }), ReadMs));

    private static FlowEntry Entry(string state, uint timeoutS) =>
        new("tcp", state, "10.1.1.1", 1, "10.96.0.10", 80, "10.1.0.5", 8080, "10.1.1.1", 1, 0, 1, timeoutS, 0, FlushEffect.FailsFast);

    private static ActionPlan Plan(int? hungS, params FlowEntry[] entries) =>
        new("a", new ActionRequest(ActionKind.Flush) { PodIp = "10.1.0.5" }, "ada", ReadMs, new GuardVerdict(GuardDecision.Allow, ""), "d", 0)
        {
            Owner = new PlanOwner(OwnerState.Gone, "shop/orders-1", ReadMs - (hungS * 1000L)),
            Previews = [new FlushPreview("p", "n1", "d", entries, 0, null, true)],
        };
}
