using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Lifecycle;
using ConntrackConsole.Wire;
using Xunit;
using static ConntrackConsole.Tests.Cluster.ClusterScenario;

namespace ConntrackConsole.Tests.Cluster.Model;

/// <summary>An address that a pod lost while its object lives: the map, the history and the termination agree.</summary>
public class LostAddressTests
{
    private static readonly Ip Address = Ip.Parse("10.1.0.5");

    private static readonly string Evicted = PodJson("p1", status: "\"phase\":\"Failed\",\"reason\":\"Evicted\"", ip: "");

    [Fact]
    public void Evicted_WithoutAddressInOneUpdate_LeavesAFormerOwner()
    {
        var scenario = WithDeployment().Pod(5, Evicted);
        AssertGone(scenario, "shop/p1");
        var t = Assert.Single(scenario.State.Terminations);
        Assert.Equal((TerminationCause.Eviction, Address), (t.Cause, t.PodIp));
        // Its new owner is found by that address.
        scenario.Pod(9, PodJson("p2"));
        Assert.Equal("shop/p2", Assert.Single(scenario.State.Terminations).IpReusedBy);
    }

    [Fact]
    public void Sandbox_MadeAgain_LeavesTheFormerAddressWithoutOwner()
    {
        var scenario = WithDeployment().Pod(5, PodJson("p1", ip: "10.1.0.77"));
        AssertGone(scenario, "shop/p1");
        Assert.Equal(OwnerState.Live, scenario.State.Current.OwnerOf(Ip.Parse("10.1.0.77")).State);
        Assert.Contains(Address, scenario.State.Current.AddressesWithoutLiveOwner(10));
    }

    [Fact]
    public void Evicted_ConsoleRestarts_MapKnowsTheFormerOwnerFromTheHistory()
    {
        var before = WithDeployment();
        var after = new ClusterScenario(before.State.History).Apply(60, "replicasets", Set("aaa", 1, 3, 3, 3)).Pod(60, Evicted).Listed();
        AssertGone(after, "shop/p1");
        Assert.Equal(Address, Assert.Single(after.State.Terminations).PodIp);
    }

    private static void AssertGone(ClusterScenario scenario, string name)
    {
        var owner = scenario.State.Current.OwnerOf(Address);
        Assert.Equal((OwnerState.Gone, name), (owner.State, owner.Name));
        var history = scenario.State.History.OwnershipAt(Address, scenario.Clock.GetUtcNow().ToUnixTimeMilliseconds() + 1);
        Assert.Equal((owner.State, owner.Name), (history.State, history.Name));
    }
}
