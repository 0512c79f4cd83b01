using Bunit;
using ConntrackConsole.Components.Controls.Pods;
using ConntrackConsole.Components.Controls.Timeline;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Wire;
using Xunit;

namespace ConntrackConsole.Tests.Components.Controls.Pods;

public sealed class PodEndTests : IAsyncDisposable
{
    private readonly ConsolePages _console = new();

    [Fact]
    public void End_OfARollout_TellsCauseEvidenceGraceAndEveryInstant()
    {
        var end = _console.Context.Render<PodTermination>(parameters => parameters.Add(part => part.End, Views.OfRollout).Add(part => part.Rollout, Views.Rollout));

        Assert.Contains("rollout", end.Find("[data-testid=panel-cause]").TextContent, StringComparison.Ordinal);
        Assert.Contains("ReplicaSet checkout-3 scaled down", end.Markup, StringComparison.Ordinal);
        Assert.Equal("checkout 3 → 4", end.Find("[data-testid=panel-rollout]").TextContent);
        Assert.Equal("Grace 5 s, its containers took 5.0 s.", end.Find("[data-testid=panel-grace]").TextContent);
        Assert.Equal(TerminationPhases.All.Count, end.FindAll("[data-phase]").Count);
        Assert.Contains("killed at the end of its grace", end.Find("[data-phase=ContainerFinished]").TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public void End_OneNodeBehind_SaysThatTheLastIsNotToldAndWhichNode()
    {
        var end = _console.Context.Render<PodTermination>(parameters => parameters.Add(part => part.End, Views.OfRollout));

        string last = end.Find("[data-phase=RulesLast]").TextContent;
        Assert.Contains("not told", last, StringComparison.Ordinal);
        Assert.Contains("not yet on node-b", last, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, "Completed", ContainerEnd.Clean)]
    [InlineData(143, "Error", ContainerEnd.Terminated)]
    [InlineData(137, "Error", ContainerEnd.Killed)]
    [InlineData(137, "OOMKilled", ContainerEnd.OutOfMemory)]
    [InlineData(1, "Error", ContainerEnd.Failed)]
    [InlineData(null, null, ContainerEnd.Unknown)]
    public void ContainerEnd_OfCodeAndReason_IsItsSign(int? code, string? reason, ContainerEnd sign)
    {
        var span = Views.OfRollout with { ExitCode = code, Reported = Views.OfRollout.Reported! with { ExitReason = reason } };

        Assert.Equal(sign, ContainerEnds.Of(span));
    }

    [Fact]
    public void Pick_AnEndWhoseAddressAnotherPodHasNow_KeepsTheNameOfThen()
    {
        var now = new PodDetail("10.1.0.5", "shop/cart-9", "node-b", "Running", new(OwnerState.Live, null, "shop/cart-9"), null, [], [], []);
        var none = now with { Ip = "", Name = null };

        var detail = PodSelection.Of("10.1.0.5", "u1", Views.Of(terminations: [Views.OfRollout]), asked => asked == "u1" ? none : now);

        Assert.Equal(("shop/checkout-1", "node-a", "u1"), (detail!.Name, detail.Node, detail.Termination?.Uid));
        Assert.Equal("shop/cart-9", detail.Owner.Name);
    }

    public ValueTask DisposeAsync() => _console.DisposeAsync();
}
