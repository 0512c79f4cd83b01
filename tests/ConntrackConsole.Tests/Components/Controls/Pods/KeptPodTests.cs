using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Components.Controls.Pods;
using ConntrackConsole.Components.Controls.Timeline;
using ConntrackConsole.Components.State;
using ConntrackConsole.Lifecycle;
using ConntrackConsole.Timeline.Model;
using Xunit;

namespace ConntrackConsole.Tests.Components.Controls.Pods;

/// <summary>A pod that ended by itself and is kept, as every Job's pod is.</summary>
public sealed class KeptPodTests
{
    private static readonly TerminationSpan Kept = Views.OfRollout with
    {
        DeletionRequestedMs = Views.NowMs - 1_200_000, ContainerFinishedMs = Views.NowMs - 1_200_000, DeletedMs = null, EndpointRemovedMs = null, EndpointTerminatingMs = null, ExitCode = 0,
        Reported = Views.OfRollout.Reported! with
        {
            DeletionRequestedMs = Views.NowMs - 1_200_000, ContainerFinishedMs = Views.NowMs - 1_200_000, DeletedMs = null, EndpointRemovedMs = null, EndpointTerminatingMs = null,
            EndpointNotReadyMs = null, SigtermSentMs = null, GraceSeconds = null, Cause = TerminationCause.Completion, RolloutId = null,
        },
        Synced = [],
    };

    [Fact]
    public void KeptPod_IsOver_AndWasNeverAskedToTerminate()
    {
        Assert.Equal(Kept.ContainerFinishedMs, Kept.OverMs);
        Assert.Null(Kept.At(TerminationPhase.DeletionRequested));
        Assert.Equal("container finished", PodRow.From(Views.Of(terminations: [Kept])).Single().LastPhase);
        Assert.DoesNotContain("terminating", Headline.From(Views.Of(terminations: [Kept]), Views.Of()).Title);
        Assert.Contains("1 pod terminating", Headline.From(Views.Of(terminations: [Kept with { Reported = Kept.Reported! with { GraceSeconds = 30 } }]), Views.Of()).Title);
    }

    [Fact]
    public void KeptPod_Steps_SayThatItEndedByItself()
    {
        var steps = LifeCycleStep.Of(Kept).ToDictionary(step => step.Phase);
        Assert.Contains("ended by itself", steps[TerminationPhase.DeletionRequested].Detail);
        Assert.Equal("kept after its end", steps[TerminationPhase.Deleted].Detail);
        Assert.DoesNotContain("collector", steps[TerminationPhase.RulesLast].Detail);
    }

    [Fact]
    public void BoundedEndpoint_SyncsAfterIt_AreBoundedToo()
    {
        var bounded = Views.OfRollout with { Reported = Views.OfRollout.Reported! with { Unwatched = new TimeRange(Views.NowMs - 20_000, Views.NowMs - 1_000) } };
        Assert.True(LifeCycleStep.Of(bounded).Single(step => step.Phase == TerminationPhase.RulesFirst).AtLatest);
        Assert.False(LifeCycleStep.Of(bounded).Single(step => step.Phase == TerminationPhase.ContainerFinished).AtLatest);
        Assert.False(LifeCycleStep.Of(Views.OfRollout).Single(step => step.Phase == TerminationPhase.RulesFirst).AtLatest);
    }

    [Fact]
    public void SyncsOmitted_Reason_IsNotAMissingCollector()
    {
        var omitted = Views.OfRollout with { Synced = [], SyncsOmitted = true };
        Assert.Contains("too many", LifeCycleStep.Of(omitted).Single(step => step.Phase == TerminationPhase.RulesFirst).Detail);
        Assert.Contains("no collector", LifeCycleStep.Of(omitted with { SyncsOmitted = false }).Single(step => step.Phase == TerminationPhase.RulesFirst).Detail);
    }
}
