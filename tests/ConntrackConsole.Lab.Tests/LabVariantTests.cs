using ConntrackConsole.Lab.Instances;
using ConntrackConsole.Lab.Scenarios;
using Xunit;

namespace ConntrackConsole.Lab.Tests;

public sealed class LabVariantTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("ipv6", "ipv6")]
    [InlineData("rate=2.5, nftables,ipv6", "ipv6,nftables,rate=2.5")]
    [InlineData("nodes=1,gap", "nodes=1,gap")]
    [InlineData("nodes=3,rate=1", "")]
    public void TryParse_IsWrittenInOneOrder(string text, string written)
    {
        Assert.Equal(written, LabVariant.TryParse(text)?.ToString());
        Assert.Equal(LabVariant.TryParse(text), LabVariant.TryParse(written));
    }

    [Theory]
    [InlineData("ipv5")]
    [InlineData("ipv6=1")]
    [InlineData("nodes=0")]
    [InlineData("nodes=4")]
    [InlineData("nodes")]
    [InlineData("rate=0")]
    [InlineData("rate=1e3")]
    [InlineData("gap=1=2")]
    public void TryParse_AnythingElse_IsNull(string text) => Assert.Null(LabVariant.TryParse(text));

    [Fact]
    public void All_AreDifferent_AndStartWithThePlainLab()
    {
        Assert.Equal(LabVariant.Plain, LabVariant.All[0]);
        Assert.Equal(LabVariant.All.Count, LabVariant.All.Distinct().Count());
        Assert.All(LabVariant.All, variant => Assert.Equal(variant, LabVariant.TryParse(variant.ToString())));
    }

    [Fact]
    public void AtRate_ChangesIntervals_AndNothingElse() => Assert.Equal(
        ["request", "--interval-ms", "50", "--timeout-ms", "1500", "--source-ports", "8"],
        new LabVariant(Rate: 3).AtRate(["request", "--interval-ms", "150", "--timeout-ms", "1500", "--source-ports", "8"]));

    [Fact]
    public void Supports_WhatCannotHappen_IsFalse()
    {
        Assert.All(ScenarioRegistry.All, scenario => Assert.True(scenario.Supports(LabVariant.Plain), scenario.Name));
        Assert.False(ScenarioRegistry.TryParse("node-loss")!.Supports(new LabVariant(Nodes: 2)));
        Assert.False(ScenarioRegistry.TryParse("dropped-invalid")!.Supports(new LabVariant(Maps: true)));
        Assert.False(ScenarioRegistry.Invalid.Supports(new LabVariant(IPv6: true)));
        Assert.False(ScenarioRegistry.TryParse("mix-blackhole-invalid")!.Supports(new LabVariant(IPv6: true)));
    }

    [Fact]
    public void AddressPlan_OfIPv6_HasItsOwnRanges()
    {
        var (first, second) = (new AddressPlan(1, IsV6: true), new AddressPlan(2, IsV6: true));
        Assert.Equal(("fd00:cc:1:10::2", "fd00:cc:1:10::/64", 128), ($"{first.Pod(1, 2)}", first.PodCidr(1), first.HostLength));
        Assert.True(first.Pod(2, 254).IsIn(first.PodNetwork(2), first.PodLength));
        Assert.False(second.Pod(2, 254).IsIn(first.PodNetwork(2), first.PodLength));
    }
}
