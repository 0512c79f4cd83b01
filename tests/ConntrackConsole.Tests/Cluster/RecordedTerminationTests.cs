using ConntrackConsole.Cluster;
using ConntrackConsole.Wire;
using Xunit;

namespace ConntrackConsole.Tests.Cluster;

public class RecordedTerminationTests
{
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
        Assert.Equal(played.At(3.152), first.EndpointTerminatingMs);
        Assert.Equal(played.At(8.309), first.EndpointRemovedMs);
        Assert.Equal(played.At(9.158), first.DeletedMs);
        Assert.Equal(0, first.ExitCode);
        Assert.True(first.ContainerFinishedMs > first.AskedMs && first.ContainerFinishedMs <= first.DeletedMs);
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
        Assert.Equal(asked, played.State.Terminations.Single(t => t.PodIp == FirstPod).AskedMs);
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
}
