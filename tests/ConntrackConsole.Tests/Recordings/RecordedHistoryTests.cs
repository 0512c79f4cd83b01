using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Ownership;
using ConntrackConsole.Wire;
using Xunit;

namespace ConntrackConsole.Tests.Recordings;

public class RecordedHistoryTests
{
    private static readonly Ip FirstPod = Ip.Parse("10.244.0.7");

    [Fact]
    public void RolloutGraceful_HistoryOfTheFirstPod_HasEachPhase()
    {
        var played = new Recording("rollout-graceful");
        played.PlayTo(40);
        var history = played.State.History;
        Assert.Equal(
            [OwnerState.Live, OwnerState.Live, OwnerState.Terminating, OwnerState.Gone],
            ((double[])[0, 3, 3.2, 8.4]).Select(t => history.OwnershipAt(FirstPod, played.At(t)).State));
        // Before the first list the pod's creation time is the bound.
        Assert.Equal(Unseen.Begin, history.OwnerAt(FirstPod, played.At(0))!.Unseen);
        var checkout = new ServiceKey("shop", "checkout");
        Assert.Equal((true, true, false), history.EndpointAt(checkout, FirstPod, played.At(3.1)) is { } ready ? (ready.Ready, ready.Serving, ready.Terminating) : default);
        Assert.Equal((false, true, true), history.EndpointAt(checkout, FirstPod, played.At(3.16)) is { } drains ? (drains.Ready, drains.Serving, drains.Terminating) : default);
        Assert.Null(history.EndpointAt(checkout, FirstPod, played.At(8.31)));
        Assert.All(played.State.Current.Pods.Values.Where(p => !p.HostNetwork && p.Ips.Count > 0 && !p.ContainersEnded),
            pod => Assert.Equal(pod.Uid, history.OwnerAt(pod.Ip, played.At(40))!.PodUid));
    }
}
