using ConntrackConsole.Hosting;
using Xunit;

namespace ConntrackConsole.Tests.Integration.Hosting;

public class MemoryUpkeepTests
{
    [Theory]
    [InlineData(50, 40, false)] // a small console
    [InlineData(270, 244, false)]
    [InlineData(285, 244, true)]
    [InlineData(1_100, 1_000, false)]
    [InlineData(1_200, 1_000, true)]
    public void Collection_NeedsGrowthOfASeventh_AndOfSomeMegabytes(long nowMiB, long aliveMiB, bool isDue) =>
        Assert.Equal(isDue, MemoryUpkeep.HasGrown(nowMiB << 20, aliveMiB << 20));
}
