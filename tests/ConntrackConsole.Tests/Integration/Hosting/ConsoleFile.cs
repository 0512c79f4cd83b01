using ConntrackConsole.Storage;
using Microsoft.EntityFrameworkCore;
using Xunit;

namespace ConntrackConsole.Tests.Integration.Hosting;

/// <summary>A console's database, opened while the console runs or is stopped.</summary>
internal sealed class ConsoleFile(DirectoryInfo folder) : IDbContextFactory<ConsoleDb>
{
    public ConsoleDb CreateDbContext() => new(new DbContextOptionsBuilder<ConsoleDb>().UseSqlite($"Data Source={folder.FullName}/console.db;Pooling=False").Options);

    public async Task ExecuteAsync(string sql)
    {
        await using var db = CreateDbContext();
        await db.Database.ExecuteSqlRawAsync(sql, TestContext.Current.CancellationToken);
    }
}
