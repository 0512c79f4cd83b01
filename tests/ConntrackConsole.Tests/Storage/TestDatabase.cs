using ConntrackConsole.Storage;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Xunit;

namespace ConntrackConsole.Tests.Storage;

/// <summary>A real SQLite file that is deleted with the test.</summary>
internal sealed class TestDatabase : IDbContextFactory<ConsoleDb>, IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("cc-test-");
    private int _contexts;

    public string File => Path.Combine(_folder.FullName, "console.db");

    /// <summary>How often the database was opened.</summary>
    public int Contexts => _contexts;

    public ConsoleDb CreateDbContext()
    {
        Interlocked.Increment(ref _contexts);
        return new(new DbContextOptionsBuilder<ConsoleDb>().UseSqlite($"Data Source={File};Pooling=False").Options);
    }

    public async Task ExecuteAsync(string sql)
    {
        await using var connection = new SqliteConnection($"Data Source={File};Pooling=False");
        await connection.OpenAsync(TestContext.Current.CancellationToken);
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
    }

    public void Dispose() => _folder.Delete(true);
}
