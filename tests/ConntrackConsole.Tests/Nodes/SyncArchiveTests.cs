using System.Data.Common;
using ConntrackConsole.Nodes;
using ConntrackConsole.Tests.Integration.Hosting;
using Microsoft.Extensions.Logging;
using Xunit;
using static ConntrackConsole.Tests.Timeline.Rollup.TimelineFixture;

namespace ConntrackConsole.Tests.Nodes;

public sealed class SyncArchiveTests
{
    [Fact]
    public async Task Save_FailsForLong_LosesTheOldestSyncs_AndLogsItOnce()
    {
        using var console = await StartAsync();
        using var log = new MemoryLog();
        using var logs = LoggerFactory.Create(builder => builder.AddProvider(log));
        using var archive = new SyncArchive(console.Database, console.Syncs, console.Clock, logs.CreateLogger<SyncArchive>());
        int added = 0;
        await console.Database.ExecuteAsync("ALTER TABLE Syncs RENAME TO Away");
        await FailAsync(SyncLog.MaxUnsaved);
        Assert.Empty(log.Lines);
        await FailAsync(1);
        await FailAsync(SyncLog.MaxUnsaved);
        Assert.Contains("syncs", Assert.Single(log.Lines).Text, StringComparison.Ordinal);

        await console.Database.ExecuteAsync("ALTER TABLE Away RENAME TO Syncs");
        await archive.SaveAsync(TestContext.Current.CancellationToken);
        Assert.InRange(console.Blocks.Rows.Number("SELECT COUNT(*) FROM Syncs"), SyncLog.MaxUnsaved / 2, SyncLog.MaxUnsaved);

        Task FailAsync(int more)
        {
            console.Syncs.Requeue(Enumerable.Range(added, more).Select(i => ("node1", new RulesSync(T0 + i, T0 + i, T0 + i, 0))));
            added += more;
            return Assert.ThrowsAnyAsync<DbException>(() => archive.SaveAsync(TestContext.Current.CancellationToken));
        }
    }
}
