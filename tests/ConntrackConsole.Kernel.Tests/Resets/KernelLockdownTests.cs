using ConntrackConsole.Kernel.Resets;
using Xunit;

namespace ConntrackConsole.Kernel.Tests.Resets;

public class KernelLockdownTests
{
    [Theory]
    [Trait("Category", "Parser")]
    [InlineData("[none] integrity confidentiality", "lockdown=integrity", null)]
    [InlineData("none [integrity] confidentiality\n", null, "integrity")]
    [InlineData("none integrity [confidentiality]", null, "confidentiality")]
    [InlineData("", "ro quiet", null)]
    [InlineData(null, null, null)]
    [InlineData(null, "ro lockdown=confidentiality quiet\n", "confidentiality")]
    [InlineData(null, "lockdown=confidentiality lockdown=none", null)]
    [InlineData("]broken[", "", null)]
    public void ModeIn_IsTheOneInBrackets(string? file, string? commandLine, string? expected) =>
        Assert.Equal(expected, KernelLockdown.ModeIn(file, commandLine));

    [Fact]
    public void Tracefs_UnderLockdown_IsNotMounted_AndTheReasonSaysSo()
    {
        Assert.False(Tracefs.TryOpen("/nowhere/tracing", () => KernelLockdown.ModeIn("none integrity [confidentiality]", null), out _, out string? why));

        Assert.Contains("locked down (confidentiality)", why, StringComparison.Ordinal);
        Assert.Contains("as packets", why, StringComparison.Ordinal);
    }

    [Fact]
    public void Tracefs_UnderLockdown_UsesWhatIsMounted()
    {
        var mounted = Directory.CreateTempSubdirectory();
        mounted.CreateSubdirectory("instances");
        try
        {
            Assert.True(Tracefs.TryOpen(mounted.FullName, () => "integrity", out var tracefs, out _));
            using (tracefs)
                Assert.Equal((true, mounted.FullName), (tracefs.IsShared, tracefs.Root));
        }
        finally
        {
            mounted.Delete(recursive: true);
        }
    }
}
