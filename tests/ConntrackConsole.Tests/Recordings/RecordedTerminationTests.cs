using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Kubernetes.Parsing;
using ConntrackConsole.Lifecycle;
using ConntrackConsole.Wire;
using Xunit;

namespace ConntrackConsole.Tests.Recordings;

/// <summary>Compares each recording with its labels: what was done, and the result.</summary>
public class RecordedTerminationTests
{
    // A label is written when kubectl returns, and the API server stamps whole seconds.
    private const long NearMs = 1_500;

    private static readonly Ip FirstPod = Ip.Parse("10.244.0.7");

    [Fact]
    public void RolloutGraceful_EveryPhase_IsRecordedSeparately()
    {
        var played = new Recording("rollout-graceful");
        played.PlayTo(40);

        Assert.Equal(3, played.State.Terminations.Count);
        var first = played.State.Terminations.Single(t => t.PodIp == FirstPod);
        Assert.Equal(new ServiceKey("shop", "checkout"), first.Service);
        Assert.Equal("2026-11-23T02:03:54.0000000+00:00", DateTimeOffset.FromUnixTimeMilliseconds(first.DeletionRequestedMs).ToString("O"));
        Assert.Equal(played.At(3.152), first.EndpointNotReadyMs);
        Assert.Equal(played.At(3.152), first.EndpointTerminatingMs);
        Assert.Equal(played.At(8.309), first.EndpointRemovedMs);
        Assert.Equal(played.At(9.158), first.DeletedMs);
        Assert.Equal(0, first.ExitCode);
        Assert.True(first.ContainerFinishedMs > first.DeletionRequestedMs && first.ContainerFinishedMs <= first.DeletedMs);
        Assert.Equal("Exited normally (code 0).", TerminationCauseClassifier.DescribeExit(first));
    }

    [Fact]
    public void RolloutGraceful_AllPods_ExitNormallyAfterTheirPreStopHook()
    {
        var played = new Recording("rollout-graceful");
        played.PlayTo(40);
        Assert.All(played.State.Terminations, t =>
        {
            Assert.True(t.HasPreStop);
            Assert.Equal((30, 0, "Completed"), (t.GraceSeconds, t.ExitCode, t.ExitReason));
            Assert.Equal(t.DeletionRequestedMs, t.SigtermSentMs);
            Assert.InRange(t.ContainerFinishedMs!.Value - t.SigtermSentMs!.Value, 5_000, 6_000);
            Assert.True(t.DeletionRequestedMs < t.EndpointTerminatingMs && t.EndpointTerminatingMs < t.EndpointRemovedMs && t.EndpointRemovedMs < t.DeletedMs);
            Assert.Equal(TerminationCause.Rollout, t.Cause);
            Assert.Equal(("Deployment", "checkout"), (t.Workload!.Kind, t.Workload.Name));
        });
        var rollout = Assert.Single(played.State.Rollouts);
        Assert.All(played.State.Terminations, t => Assert.Equal(rollout.Id, t.RolloutId));
        Assert.Equal(("shop/checkout", "3", "2", false), (rollout.Workload, rollout.Revision, rollout.FromRevision, rollout.IsRollback));
        // Its ReplicaSet reports first, its first pod is ready a little later; the label is when "rollout status" saw the end.
        Assert.Equal(played.At(2.367), rollout.StartedMs);
        Assert.Equal(played.At(3.050), rollout.SurgedMs);
        Assert.Equal(played.At(5.422), rollout.FinishedMs);
        Assert.InRange(rollout.FinishedMs!.Value, played.At(5.434) - 100, played.At(5.434) + 100);
    }

    [Fact]
    public void RolloutGraceful_AddressOwner_ChangesFromLiveToGone()
    {
        var played = new Recording("rollout-graceful");
        Assert.Equal(OwnerState.Live, played.State.Current.OwnerOf(FirstPod).State);
        played.PlayTo(3.2);
        Assert.Equal(OwnerState.Terminating, played.State.Current.OwnerOf(FirstPod).State);
        // Containers ended, the object still exists: nothing responds at the address any more.
        played.PlayTo(8.305);
        Assert.Equal(OwnerState.Gone, played.State.Current.OwnerOf(FirstPod).State);
        played.PlayTo(40);
        var owner = played.State.Current.OwnerOf(FirstPod);
        Assert.Equal(OwnerState.Gone, owner.State);
        Assert.StartsWith("shop/checkout-", owner.Name);
    }

    [Fact]
    public void RolloutGraceful_FinalDelete_KeepsTheRequestTime()
    {
        var played = new Recording("rollout-graceful");
        played.PlayTo(8.5);
        long asked = played.State.Terminations.Single(t => t.PodIp == FirstPod).DeletionRequestedMs;
        // At 9.157 the object arrives with an earlier deletionTimestamp and grace period 0.
        played.PlayTo(9.5);
        Assert.Equal((asked, 30), played.State.Terminations.Single(t => t.PodIp == FirstPod) is var t ? (t.DeletionRequestedMs, t.GraceSeconds) : default);
    }

    [Fact]
    public void RolloutIgnoresSigterm_BothPods_AreKilledAtTheEndOfTheGracePeriod()
    {
        var played = new Recording("rollout-ignores-sigterm");
        played.PlayTo(35);
        Assert.Equal(2, played.State.Terminations.Count);
        Assert.All(played.State.Terminations, t =>
        {
            Assert.Equal((4, 137, "Error"), (t.GraceSeconds, t.ExitCode, t.ExitReason));
            Assert.Equal(t.DeletionRequestedMs + 4_000, t.ContainerFinishedMs);
            Assert.Equal("Killed at the end of its grace period of 4 s (SIGKILL, exit code 137).", TerminationCauseClassifier.DescribeExit(t));
            Assert.Equal(TerminationCause.Rollout, t.Cause);
            // It is in slices of two Services: it was removed when the last one dropped it.
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
            Assert.InRange(t.ContainerFinishedMs!.Value - t.DeletionRequestedMs, 0, 1_000);
            Assert.Contains("SIGTERM", TerminationCauseClassifier.DescribeExit(t));
            Assert.False(t.HasPreStop);
        });
        Near(played, Assert.Single(played.State.Rollouts), 2.254, 3.724);
    }

    [Fact]
    public void ForceDelete_SliceArrivesAfterThePod_BothTimesAreRecorded()
    {
        var played = new Recording("force-delete");
        played.PlayTo(2.46);
        var pod = Ip.Parse("10.244.1.10");
        Assert.Equal(OwnerState.Gone, played.State.Current.OwnerOf(pod).State);
        // For about 20 ms an endpoint references a deleted pod.
        Assert.NotEmpty(played.State.Current.EndpointsAt(pod));
        played.PlayTo(10);
        var ended = Assert.Single(played.State.Terminations);
        Assert.Equal(played.At(2.456), ended.DeletedMs);
        Assert.Equal(played.At(2.501), ended.EndpointTerminatingMs);
        Assert.Equal(played.At(2.542), ended.EndpointRemovedMs);
    }

    [Fact]
    public void ForceDelete_ObjectDeletedFirst_IsForcedAndNoRollout()
    {
        var played = new Recording("force-delete");
        played.PlayTo(20);
        var ended = Assert.Single(played.State.Terminations);
        Assert.Equal((TerminationCause.Forced, 0), (ended.Cause, ended.GraceSeconds));
        Assert.Contains("grace period 0", ended.Evidence);
        // The containers kept running, and their exit was never reported.
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
            Assert.Equal((TerminationCause.ScaleDown, "ReplicaSet ledger-5b8bc56896 was scaled from 2 to 0."), (t.Cause, t.Evidence));
            Assert.InRange(t.DeletionRequestedMs, played.At(2.294) - NearMs, played.At(2.294) + NearMs);
            Assert.Equal(137, t.ExitCode);
        });
        Assert.Empty(played.State.Rollouts);
    }

    [Fact]
    public void ServicesChange_NoPodEnds_HasNoTerminations()
    {
        var played = new Recording("services-change");
        played.PlayTo(30);
        Assert.Empty(played.State.Terminations);
        Assert.Empty(played.State.Rollouts);
    }

    [Fact]
    public void CrashLoop_OnlyTheDeletionOfItsWorkload_IsATermination()
    {
        var played = new Recording("crash-loop");
        played.PlayTo(32);
        Assert.Empty(played.State.Terminations);
        played.PlayTo(40);
        var ended = Assert.Single(played.State.Terminations);
        Assert.Equal((TerminationCause.WorkloadDeleted, played.At(34.877)), (ended.Cause, ended.DeletedMs));
        Assert.Contains("was deleted", ended.Evidence);
        Assert.InRange(ended.DeletionRequestedMs, played.At(32.658) - NearMs, played.At(32.658) + NearMs);
        // The slice was deleted before the endpoint changed.
        Assert.Equal((null, null, played.At(32.766)), (ended.EndpointNotReadyMs, ended.EndpointTerminatingMs, ended.EndpointRemovedMs));
        var rollout = Assert.Single(played.State.Rollouts);
        Assert.Equal(("1", null, played.At(3.578)), (rollout.Revision, rollout.FromRevision, rollout.FinishedMs));
    }

    [Fact]
    public void RollbackMidway_FirstIsRolledBack_PodBelongsToTheRollback()
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
        // It never ran: the kubelet reports exit code 137 if it does not know.
        Assert.Equal((137, "ContainerStatusUnknown"), (ended.ExitCode, ended.ExitReason));
        Assert.Contains("does not know", TerminationCauseClassifier.DescribeExit(ended));
        Assert.Null(ended.EndpointNotReadyMs);
    }

    [Fact]
    public void RolloutIptablesNode2_TwoRollouts_EachPodBelongsToItsOwn()
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
