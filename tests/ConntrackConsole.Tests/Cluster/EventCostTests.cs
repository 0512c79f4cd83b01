using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Cluster.State;
using ConntrackConsole.Kernel.Net;
using Xunit;
using static ConntrackConsole.Tests.Cluster.Objects;

namespace ConntrackConsole.Tests.Cluster;

/// <summary>The allocations of an event, for map and history together, in a cluster of 20,000 pods: they do not grow with the cluster.</summary>
public class EventCostTests
{
    private const int Pods = 20_000;
    private readonly ClusterState _cluster = new(TimeProvider.System);

    public EventCostTests()
    {
        _cluster.Apply([.. Enumerable.Range(0, Pods / 100).Select(n => new NodeChange(Node($"node{n}", Ip.V4((uint)(0xC0A80000 + n)).ToString()), false))]);
        _cluster.Apply([.. Enumerable.Range(0, Pods).Select(i => new PodChange(PodOf(i), false))]);
        _cluster.Apply([.. Enumerable.Range(0, Pods / 100).Select(s => new SliceChange(SliceOf(s, -1), false))]);
        _cluster.Confirm(1);
    }

    [Fact]
    public void Apply_PodWithUnchangedAddress_AllocatesAFewTreeNodes() =>
        Assert.InRange(Cost(i => new PodChange(PodOf(i) with { Phase = "Running" }, false)), 1, 6_000);

    [Fact]
    public void Apply_PodStartsToTerminate_AllocatesAFewTreeNodes() =>
        Assert.InRange(Cost(i => new PodChange(PodOf(i).Terminating(5), false)), 1, 10_000);

    [Fact]
    public void Apply_SliceWithOneChangedEndpoint_AllocatesItsOwnSize() =>
        Assert.InRange(Cost(i => new SliceChange(SliceOf(i % 200, i % 100), false)), 1, 30_000);

    private double Cost(Func<int, ClusterChange> change)
    {
        var changes = Enumerable.Range(0, 200).Select(i => new[] { change(i) }).ToList();
        _cluster.Apply([new PodChange(PodOf(Pods - 1), false)]);
        long before = GC.GetAllocatedBytesForCurrentThread();
        foreach (var one in changes)
            _cluster.Apply(one);
        return (GC.GetAllocatedBytesForCurrentThread() - before) / (double)changes.Count;
    }

    private static PodInfo PodOf(int i) => Pod($"uid-{i}", Ip.V4((uint)(0x0A010000 + i)).ToString(), $"node{i % (Pods / 100)}");

    private static SliceInfo SliceOf(int slice, int drains) => Slice(
    [
        .. Enumerable.Range(slice * 100, 100).Select(i => i % 100 == drains ? Draining(PodOf(i)) : Ready(PodOf(i))),
    ]) with { Uid = $"slice{slice}", Service = new ServiceKey("shop", $"svc{slice}") };
}
