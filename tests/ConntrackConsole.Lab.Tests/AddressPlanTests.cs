using ConntrackConsole.Lab.Instances;
using Xunit;

namespace ConntrackConsole.Lab.Tests;

public sealed class AddressPlanTests
{
    [Fact]
    public void Addresses_OfOneInstance_AreInItsOwnRanges()
    {
        var plan = new AddressPlan(3);

        Assert.Equal("10.103.0.2", plan.Node(2).ToString());
        Assert.Equal("10.103.32.0/24", plan.PodCidr(2));
        Assert.Equal("10.103.32.7", plan.Pod(2, 7).ToString());
        Assert.Equal("10.103.200.10", plan.Service(10).ToString());
    }

    [Fact]
    public void Addresses_OfAllInstances_NeverOverlap()
    {
        var networks = Enumerable.Range(0, AddressPlan.Instances).Select(instance => new AddressPlan(instance))
            .SelectMany(plan => Enumerable.Range(1, AddressPlan.Nodes).SelectMany(node => new[] { plan.Node(node), plan.PodNetwork(node) })
                .Append(plan.Service(10))).ToList();

        Assert.Equal(networks.Count, networks.Distinct().Count());
    }
}
