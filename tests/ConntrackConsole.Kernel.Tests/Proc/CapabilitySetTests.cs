using ConntrackConsole.Kernel.Proc;
using Xunit;

namespace ConntrackConsole.Kernel.Tests.Proc;

public sealed class CapabilitySetTests
{
    [Fact]
    [Trait("Category", "Parser")]
    public void Status_Valid_ContainsTheEffectiveSet()
    {
        const string Status = "Name:\tx\nCapPrm:\t000001ffffffffff\nCapEff:\t0000000000003000\nCapBnd:\t000001ffffffffff\n";
        Assert.True(CapabilitySet.TryParse(Status, out var set));
        Assert.True(set.Has(LinuxCapability.NetAdmin));
        Assert.True(set.Has(LinuxCapability.NetRaw));
        Assert.False(set.Has(LinuxCapability.SysAdmin));
        Assert.False(set.Has(LinuxCapability.Perfmon));
    }

    [Theory]
    [Trait("Category", "Parser")]
    [InlineData("")]
    [InlineData("CapEff:\tnone\n")]
    [InlineData("CapPrm:\t000001ffffffffff\n")]
    public void Status_WithoutTheSet_IsRefused(string status) => Assert.False(CapabilitySet.TryParse(status, out _));

    [Fact]
    public void ThisProcess_AsRoot_HasNetAdmin()
    {
        Assert.True(CapabilitySet.OfThisProcess().Has(LinuxCapability.NetAdmin));
        Assert.Equal(default, CapabilitySet.OfThisProcess("/nowhere"));
    }

    [Fact]
    public void RunningKernel_HasAReleaseAndABootId()
    {
        var kernel = RunningKernel.Read();
        Assert.Matches(@"^\d+\.\d+", kernel.Release);
        Assert.True(Guid.TryParse(kernel.BootId, out _));
        Assert.Equal(new RunningKernel("", ""), RunningKernel.Read("/nowhere"));
    }
}
