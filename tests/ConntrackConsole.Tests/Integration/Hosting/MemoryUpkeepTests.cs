using ConntrackConsole.Hosting;
using ConntrackConsole.Tests.Timeline.Rollup;
using ConntrackConsole.Timeline.Model;
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

    [Fact]
    public async Task StoredWindows_OfClosedPages_AreForgotten()
    {
        var ct = TestContext.Current.CancellationToken;
        using var console = await TimelineFixture.StartAsync();
        await console.History.FollowAsync(new PageQuery(new TimelineQuery(TimelineFixture.T0 - 7_200_000, TimelineFixture.T0, 60), null, null, [], null), ct);
        Assert.True(console.History.CachedBytes > 0);

        using var upkeep = new MemoryUpkeep(console.History, console.Clock);
        await upkeep.StartAsync(ct);
        await Eventually.TrueAsync(() =>
        {
            console.Clock.Advance(TimeSpan.FromSeconds(20));
            return console.History.CachedBytes == 0;
        });
        await upkeep.StopAsync(ct);
    }
}
