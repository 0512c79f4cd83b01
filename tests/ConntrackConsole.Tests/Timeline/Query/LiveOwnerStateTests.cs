using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Wire;
using Xunit;
using static ConntrackConsole.Tests.Cluster.Objects;

namespace ConntrackConsole.Tests.Timeline.Query;

/// <summary>Entries with the backend address of a running pod that is not a ready endpoint of the Service.</summary>
public class LiveOwnerStateTests
{
    private static readonly PodInfo Blue = Pod("blue", "10.1.0.5");
    private static readonly PodInfo Green = Pod("green", "10.1.0.6");

    // The selector of the Service was switched: blue's connections go on.
    [Fact]
    public void Left_LivePodThatWasABackend_IsNotStale()
    {
        var map = Map(new ServiceChange(Service(), false), new PodChange(Blue, false), new PodChange(Green, false), new SliceChange(Slice(Ready(Green)), false));
        Assert.Equal("Left", EntryStateClassifier.Of(map, Key(Protocols.Tcp)).ToString());
    }

    [Theory]
    [InlineData(Protocols.Tcp, "Unready")]
    [InlineData(Protocols.Sctp, "Unready")]
    // kube-proxy deletes such entries itself: what is left leads nowhere it should.
    [InlineData(Protocols.Udp, "Stale")]
    public void Unready_LivePodInTheSlices_IsTold(byte proto, string state)
    {
        var service = Service() with { Ports = [new ServicePort("p", proto, 80, 0)] };
        var map = Map(new ServiceChange(service, false), new PodChange(Blue, false), new SliceChange(Slice(new SliceEndpoint(Blue.Ips, false, false, false, Blue.Uid, "node1")), false));
        Assert.Equal(state, EntryStateClassifier.Of(map, Key(proto)).ToString());
    }

    // Live migration: the target runs already and is newer, the slice still names the source.
    [Theory]
    [InlineData("blue")]
    [InlineData("target")]
    public void TwoRunningPods_OneAddress_TheSliceDecides(string ready)
    {
        var target = Pod("target", "10.1.0.5", "node2", createdMs: 9_000);
        var listed = ready == "blue" ? Blue : target;
        var map = Map(new ServiceChange(Service(), false), new PodChange(Blue, false), new PodChange(target, false), new SliceChange(Slice(Ready(listed)), false));
        Assert.Equal(listed.Uid, map.OwnerOf(Ip.Parse("10.1.0.5")).Pod?.Uid);
        Assert.Equal("Active", EntryStateClassifier.Of(map, Key(Protocols.Tcp)).ToString());
    }

    private static GroupKey Key(byte proto) => new(proto, Ip.Parse(Vip), 80, Ip.Parse("10.1.0.5"), 8080);
}
