using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Kubernetes.Parsing;
using ConntrackConsole.Lifecycle;
using ConntrackConsole.Wire;
using Xunit;

namespace ConntrackConsole.Tests.Recordings;

/// <summary>Each recording against its labels: what was done, and what came of it.</summary>
public class RecordedTerminationTests
{
    // A label is written when kubectl returns, and the API server stamps whole seconds.
    private const long NearMs = 1_500;

    private static readonly Ip FirstPod = Ip.Parse("10.244.0.7");

    [Fact]
    public void RolloutGraceful_EveryPhase_IsKeptApart()
    {
        var played = new Recording("rollout-graceful");
        played.PlayTo(40);

        Assert.Equal(3, played.State.Terminations.Count);
        var first = played.State.Terminations.Single(t => t.PodIp == FirstPod);
        Assert.Equal(new ServiceKey("shop", "checkout"), first.Service);
        Assert.Equal("2026-11-23T02:03:54.0000000+00:00", DateTimeOffset.FromUnixTimeMilliseconds(first.AskedMs).ToString("O"));
        Assert.Equal(played.At(3.152), first.EndpointNotReadyMs);
        Assert.Equal(played.At(3.152), first.EndpointTerminatingMs);
        Assert.Equal(played.At(8.309), first.EndpointRemovedMs);
        Assert.Equal(played.At(9.158), first.DeletedMs);
        Assert.Equal(0, first.ExitCode);
        Assert.True(first.ContainerFinishedMs > first.AskedMs && first.ContainerFinishedMs <= first.DeletedMs);
        Assert.Equal("It finished in order (exit 0).", TerminationCauseClassifier.ExitWords(first));
    }

    [Fact]
    public void RolloutGraceful_AllThree_EndInOrderAfterTheirPreStopHook_AsPartOfTheRollout()
    {
        var played = new Recording("rollout-graceful");
        played.PlayTo(40);
        Assert.All(played.State.Terminations, t =>
        {
            Assert.True(t.HasPreStop);
            Assert.Equal((30, 0, "Completed"), (t.GraceSeconds, t.ExitCode, t.ExitReason));
            Assert.Equal(t.AskedMs, t.StopSignalMs);
            Assert.InRange(t.ContainerFinishedMs!.Value - t.StopSignalMs!.Value, 5_000, 6_000);
            Assert.True(t.AskedMs < t.EndpointTerminatingMs && t.EndpointTerminatingMs < t.EndpointRemovedMs && t.EndpointRemovedMs < t.DeletedMs);
            Assert.Equal(TerminationCause.Rollout, t.Cause);
            Assert.Equal(("Deployment", "checkout"), (t.Workload!.Kind, t.Workload.Name));
        });
        var rollout = Assert.Single(played.State.Rollouts);
        Assert.All(played.State.Terminations, t => Assert.Equal(rollout.Id, t.RolloutId));
        Assert.Equal(("shop/checkout", "3", "2", false), (rollout.Workload, rollout.Revision, rollout.FromRevision, rollout.IsRollback));
        // Its ReplicaSet is the first to tell, its first pod is ready a little later; the label says when "rollout status" saw the end.
        Assert.Equal(played.At(2.367), rollout.StartedMs);
        Assert.Equal(played.At(3.050), rollout.SurgedMs);
        Assert.Equal(played.At(5.422), rollout.FinishedMs);
        Assert.InRange(rollout.FinishedMs!.Value, played.At(5.434) - 100, played.At(5.434) + 100);
    }

    [Fact]
    public void RolloutGraceful_OwnerOfTheAddress_GoesFromLiveToGone()
    {
        var played = new Recording("rollout-graceful");
        Assert.Equal(OwnerState.Live, played.State.Current.OwnerOf(FirstPod).State);
        played.PlayTo(3.2);
        Assert.Equal(OwnerState.Terminating, played.State.Current.OwnerOf(FirstPod).State);
        // Containers ended, the object still there: nobody answers at the address any more.
        played.PlayTo(8.305);
        Assert.Equal(OwnerState.Gone, played.State.Current.OwnerOf(FirstPod).State);
        played.PlayTo(40);
        var owner = played.State.Current.OwnerOf(FirstPod);
        Assert.Equal(OwnerState.Gone, owner.State);
        Assert.StartsWith("shop/checkout-", owner.Name);
    }

    [Fact]
    public void RolloutGraceful_FinalDelete_DoesNotRewriteWhenItWasAsked()
    {
        var played = new Recording("rollout-graceful");
        played.PlayTo(8.5);
        long asked = played.State.Terminations.Single(t => t.PodIp == FirstPod).AskedMs;
        // At 9.157 the object comes with a deletionTimestamp in the past and grace 0.
        played.PlayTo(9.5);
        Assert.Equal((asked, 30), played.State.Terminations.Single(t => t.PodIp == FirstPod) is var t ? (t.AskedMs, t.GraceSeconds) : default);
    }

    [Fact]
    public void RolloutIgnoresSigterm_BothPods_AreKilledAtTheEndOfTheirGrace()
    {
        var played = new Recording("rollout-ignores-sigterm");
        played.PlayTo(35);
        Assert.Equal(2, played.State.Terminations.Count);
        Assert.All(played.State.Terminations, t =>
        {
            Assert.Equal((4, 137, "Error"), (t.GraceSeconds, t.ExitCode, t.ExitReason));
            Assert.Equal(t.AskedMs + 4_000, t.ContainerFinishedMs);
            Assert.Equal("It was killed at the end of its grace of 4 s (SIGKILL, exit 137).", TerminationCauseClassifier.ExitWords(t));
            Assert.Equal(TerminationCause.Rollout, t.Cause);
            // It is in two Services' slices: it left when it left the last.
            Assert.Equal(new ServiceKey("shop", "ledger"), t.Service);
        });
        Assert.Equal([played.At(7.803), played.At(8.363)], played.State.Terminations.Select(t => t.EndpointRemovedMs!.Value).Order());
        Near(played, Assert.Single(played.State.Rollouts), 2.291, 4.237);
    }

    [Fact]
    public void RolloutExitsAtOnce_BothPods_EndOnSigtermWithoutDraining()
    {
        var played = new Recording("rollout-exits-at-once");
        played.PlayTo(25);
        Assert.Equal(2, played.State.Terminations.Count);
        Assert.All(played.State.Terminations, t =>
        {
            Assert.Equal((30, 143, TerminationCause.Rollout), (t.GraceSeconds, t.ExitCode, t.Cause));
            Assert.InRange(t.ContainerFinishedMs!.Value - t.AskedMs, 0, 1_000);
            Assert.Contains("SIGTERM", TerminationCauseClassifier.ExitWords(t));
            Assert.False(t.HasPreStop);
        });
        Near(played, Assert.Single(played.State.Rollouts), 2.254, 3.724);
    }

    [Fact]
    public void ForceDelete_SliceSpeaksAfterThePod_BothTimesAreKept()
    {
        var played = new Recording("force-delete");
        played.PlayTo(2.46);
        var pod = Ip.Parse("10.244.1.10");
        Assert.Equal(OwnerState.Gone, played.State.Current.OwnerOf(pod).State);
        // For some 20 ms an endpoint names a pod that is gone.
        Assert.NotEmpty(played.State.Current.EndpointsAt(pod));
        played.PlayTo(10);
        var ended = Assert.Single(played.State.Terminations);
        Assert.Equal(played.At(2.456), ended.DeletedMs);
        Assert.Equal(played.At(2.501), ended.EndpointTerminatingMs);
        Assert.Equal(played.At(2.542), ended.EndpointRemovedMs);
    }

    [Fact]
    public void ForceDelete_TheObjectWentFirst_IsForcedAndNoRollout()
    {
        var played = new Recording("force-delete");
        played.PlayTo(20);
        var ended = Assert.Single(played.State.Terminations);
        Assert.Equal((TerminationCause.Forced, 0), (ended.Cause, ended.GraceSeconds));
        Assert.Contains("grace 0", ended.Evidence);
        // The containers ran on, and nobody ever said how they finished.
        Assert.Equal((null, null), (ended.ContainerFinishedMs, ended.ExitCode));
        Assert.Equal("PreStopHook failed", ended.PreStopFailure);
        Assert.InRange(ended.DeletedMs!.Value, played.At(2.374), played.At(2.529));
        Assert.Empty(played.State.Rollouts);
    }

    [Fact]
    public void ScaleToZeroAndBack_BothPods_AreScaleDown()
    {
        var played = new Recording("scale-to-zero-and-back");
        played.PlayTo(35);
        Assert.Equal(2, played.State.Terminations.Count);
        Assert.All(played.State.Terminations, t =>
        {
            Assert.Equal((TerminationCause.ScaleDown, "ReplicaSet ledger-5b8bc56896 went from 2 to 0."), (t.Cause, t.Evidence));
            Assert.InRange(t.AskedMs, played.At(2.294) - NearMs, played.At(2.294) + NearMs);
            Assert.Equal(137, t.ExitCode);
        });
        Assert.Empty(played.State.Rollouts);
    }

    [Fact]
    public void ServicesChange_NoPodEnds_AndNoneIsInvented()
    {
        var played = new Recording("services-change");
        played.PlayTo(30);
        Assert.Empty(played.State.Terminations);
        Assert.Empty(played.State.Rollouts);
    }

    [Fact]
    public void CrashLoop_OnlyTheDeletionOfItsWorkload_IsAnEnding()
    {
        var played = new Recording("crash-loop");
        played.PlayTo(32);
        Assert.Empty(played.State.Terminations);
        played.PlayTo(40);
        var ended = Assert.Single(played.State.Terminations);
        Assert.Equal((TerminationCause.WorkloadDeleted, played.At(34.877)), (ended.Cause, ended.DeletedMs));
        Assert.Contains("was deleted", ended.Evidence);
        Assert.InRange(ended.AskedMs, played.At(32.658) - NearMs, played.At(32.658) + NearMs);
        // The slice went before the endpoint said anything.
        Assert.Equal((null, null, played.At(32.766)), (ended.EndpointNotReadyMs, ended.EndpointTerminatingMs, ended.EndpointRemovedMs));
        var rollout = Assert.Single(played.State.Rollouts);
        Assert.Equal(("1", null, played.At(3.578)), (rollout.Revision, rollout.FromRevision, rollout.FinishedMs));
    }

    [Fact]
    public void RollbackMidway_TheFirstIsRolledBack_ThePodBelongsToTheWayBack()
    {
        var played = new Recording("rollback-midway");
        played.PlayTo(14);
        Assert.True(Assert.Single(played.State.Rollouts) is { Revision: "4", SurgedMs: null, IsOpen: true });
        played.PlayTo(40);
        Assert.Equal(["4", "5"], played.State.Rollouts.Select(r => r.Revision));
        var (failed, back) = (played.State.Rollouts[0], played.State.Rollouts[1]);
        Assert.Equal((back.StartedMs, null, null), (failed.RolledBackMs, failed.FinishedMs, failed.SurgedMs));
        Assert.InRange(failed.StartedMs, played.At(2.298), played.At(2.5));
        Assert.InRange(back.StartedMs, played.At(14.380), played.At(14.6));
        Assert.Equal((true, "4", played.At(14.671)), (back.IsRollback, back.FromRevision, back.FinishedMs));
        var ended = Assert.Single(played.State.Terminations);
        Assert.Equal((TerminationCause.Rollout, back.Id), (ended.Cause, ended.RolloutId));
        // It never ran: its exit 137 is the kubelet's way to say that it does not know.
        Assert.Equal((137, "ContainerStatusUnknown"), (ended.ExitCode, ended.ExitReason));
        Assert.Contains("does not know", TerminationCauseClassifier.ExitWords(ended));
        Assert.Null(ended.EndpointNotReadyMs);
    }

    [Fact]
    public void RolloutIptablesNode2_TwoRolloutsAtOnce_EachPodBelongsToItsOwn()
    {
        var played = new Recording("rollout-iptables-node2");
        played.PlayTo(30);
        Assert.Equal(["cart", "checkout"], played.State.Rollouts.Select(r => r.Name).Order());
        Assert.All(played.State.Rollouts, r => Assert.NotNull(r.FinishedMs));
        Assert.Equal(4, played.State.Terminations.Count);
        Assert.All(played.State.Terminations, t =>
            Assert.Equal(t.Workload!.Name, played.State.Rollouts.Single(r => r.Id == t.RolloutId).Name));
        Assert.Equal(2, played.State.Terminations.Count(t => t.ExitCode == 0));
        Assert.Equal(2, played.State.Terminations.Count(t => t.ExitCode == 143));
    }

    private static void Near(Recording played, Rollout rollout, double started, double done)
    {
        Assert.InRange(rollout.StartedMs, played.At(started), played.At(started) + 300);
        Assert.InRange(rollout.FinishedMs!.Value, played.At(done) - 200, played.At(done) + 200);
        Assert.InRange(rollout.SurgedMs!.Value, rollout.StartedMs, rollout.FinishedMs.Value);
    }
}
