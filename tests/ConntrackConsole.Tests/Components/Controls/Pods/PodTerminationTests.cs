using Bunit;
using ConntrackConsole.Components.Controls.Pods;
using ConntrackConsole.Components.Controls.Timeline;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Wire;
using Xunit;

namespace ConntrackConsole.Tests.Components.Controls.Pods;

public sealed class PodTerminationTests : IAsyncDisposable
{
    private readonly ConsolePages _console = new();

    [Fact]
    public void Termination_ByRollout_ShowsCauseEvidenceGraceAndPhases()
    {
        var end = _console.Context.Render<PodTermination>(parameters => parameters.Add(part => part.End, Views.OfRollout).Add(part => part.Rollout, Views.Rollout));

        Assert.Contains("rollout", end.Find("[data-testid=panel-cause]").TextContent, StringComparison.Ordinal);
        Assert.Contains("ReplicaSet checkout-3 scaled down", end.Markup, StringComparison.Ordinal);
        Assert.Equal("checkout 3 → 4", end.Find("[data-testid=panel-rollout]").TextContent);
        Assert.Equal("Grace period 5 s; its containers took 5.0 s.", end.Find("[data-testid=panel-grace]").TextContent);
        Assert.Equal(TerminationPhases.All.Count, end.FindAll("[data-phase]").Count);
        Assert.Contains("killed at the end of the grace period", end.Find("[data-phase=ContainerFinished]").TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public void Termination_OneNodeNotSynced_LastPhaseIsUnknown()
    {
        var end = _console.Context.Render<PodTermination>(parameters => parameters.Add(part => part.End, Views.OfRollout));

        string last = end.Find("[data-phase=RulesLast]").TextContent;
        Assert.Contains("unknown", last, StringComparison.Ordinal);
        Assert.Contains("not yet on node-b", last, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, "Completed", ContainerExit.Clean)]
    [InlineData(143, "Error", ContainerExit.Terminated)]
    [InlineData(137, "Error", ContainerExit.Killed)]
    [InlineData(137, "OOMKilled", ContainerExit.OutOfMemory)]
    [InlineData(1, "Error", ContainerExit.Failed)]
    [InlineData(null, null, ContainerExit.Unknown)]
    public void ContainerExit_FromCodeAndReason(int? code, string? reason, ContainerExit exit)
    {
        var span = Views.OfRollout with { ExitCode = code, Reported = Views.OfRollout.Reported! with { ExitReason = reason } };

        Assert.Equal(exit, ContainerExits.Of(span));
    }

    [Fact]
    public void Select_AddressReusedByAnotherPod_KeepsTheFormerName()
    {
        var now = new PodDetail("10.1.0.5", "shop/cart-9", "node-b", "Running", new(OwnerState.Live, null, "shop/cart-9"), null, [], [], []);
        var none = now with { Ip = "", Name = null };

        var detail = PodSelection.Of("10.1.0.5", "u1", Views.Of(terminations: [Views.OfRollout]), key => key == "u1" ? none : now);

        Assert.Equal(("shop/checkout-1", "node-a", "u1"), (detail!.Name, detail.Node, detail.Termination?.Uid));
        Assert.Equal("shop/cart-9", detail.Owner.Name);
    }

    public ValueTask DisposeAsync() => _console.DisposeAsync();
}
