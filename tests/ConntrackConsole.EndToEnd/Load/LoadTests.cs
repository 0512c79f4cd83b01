using ConntrackConsole.Bench.Load;
using Xunit;

namespace ConntrackConsole.EndToEnd.Load;

/// <summary>
/// Many collectors and readers at once on a console process that is killed meanwhile. The collectors have kept frames of a minute that has
/// ended, as if the console had been away: at the kill some of them are packed, and the test waits for no minute to end.
/// </summary>
public sealed class LoadTests
{
    [Fact]
    public async Task Load_ConsoleIsKilled_EveryFrameIsStoredOnce()
    {
        var options = new LoadOptions(Programs.Console, Nodes: 20, Readers: 2, Whole: 1, Pages: 2, Services: 50, Seconds: 8, JitterSeconds: 1, Restart: true, KeptSeconds: 70);

        var result = await LoadRun.RunAsync(options, options.Console, rollups: false, reportsMemory: false, TestContext.Current.SendDiagnosticMessage);

        Assert.Equal(new StoredCount(result.Made, Duplicates: 0, Lost: 0, Waiting: 0, Foreign: 0, BesidePack: 0), result.Count with { BesidePack = 0 });
        Assert.InRange(result.PackedAtKill, 1, long.MaxValue);
        Assert.Equal(result.Made, result.Acknowledged);
        int kept = options.Nodes * options.KeptSeconds;
        Assert.InRange(result.Made, kept + (options.Nodes * options.Seconds), long.MaxValue);
        Assert.InRange(result.Resent, kept + 1, result.Made); // Otherwise the kill has missed them all.
        Assert.Equal((0, 0), (result.Queries.Failed, result.WholeQueries.Failed));
        Assert.InRange(result.Queries.Answers, 1, long.MaxValue);
        Assert.InRange(result.WholeQueries.Answers, 1, long.MaxValue);
        Assert.Equal((0, null), (result.Pages.Ended, result.Pages.Problem));
        Assert.InRange(result.Pages.Draws, options.Pages, long.MaxValue);
    }
}
