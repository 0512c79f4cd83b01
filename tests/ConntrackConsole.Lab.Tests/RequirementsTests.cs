using ConntrackConsole.Lab.Cli;
using Xunit;

namespace ConntrackConsole.Lab.Tests;

public sealed class RequirementsTests
{
    [Fact]
    public void Missing_EveryCapability_Nothing() =>
        Assert.Null(Requirements.Missing(Requirements.EffectiveCapabilities(["Name:\tx", "CapEff:\t000001ffffffffff"])));

    [Fact]
    public void Missing_WithoutNetAdmin_NamesItAndTheFix()
    {
        string? sentence = Requirements.Missing(Requirements.EffectiveCapabilities(["CapEff:\t000001ffffffefff"]));

        Assert.Contains("CAP_NET_ADMIN missing", sentence, StringComparison.Ordinal);
        Assert.Contains("sudo", sentence, StringComparison.Ordinal);
        Assert.DoesNotContain("CAP_SYS_ADMIN", sentence, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("CapEff:\tnonsense")]
    [InlineData("CapPrm:\t000001ffffffffff")]
    public void EffectiveCapabilities_UnreadableStatus_AreNone(string line) => Assert.Equal(0UL, Requirements.EffectiveCapabilities([line]));
}
