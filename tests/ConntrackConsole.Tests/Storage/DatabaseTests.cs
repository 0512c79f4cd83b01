using ConntrackConsole.Configuration;
using ConntrackConsole.Storage;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Xunit;

namespace ConntrackConsole.Tests.Storage;

public sealed class DatabaseTests : IDisposable
{
    private readonly TestDatabase _database = new();

    public void Dispose() => _database.Dispose();

    [Fact]
    public async Task Open_NewFile_HasTheWholeModel()
    {
        await Database.OpenAsync(_database, TestContext.Current.CancellationToken);
        await using var db = _database.CreateDbContext();
        Assert.False(db.Database.HasPendingModelChanges());
        Assert.Empty(await db.Database.GetPendingMigrationsAsync(TestContext.Current.CancellationToken));
        // Twice does no harm.
        await Database.OpenAsync(_database, TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task Open_SchemaOfANewerVersion_SaysSo()
    {
        await Database.OpenAsync(_database, TestContext.Current.CancellationToken);
        await _database.ExecuteAsync("INSERT INTO __EFMigrationsHistory VALUES ('29990101000000_Later', '99.0')");
        var fault = await Assert.ThrowsAsync<StartFault>(() => Database.OpenAsync(_database, TestContext.Current.CancellationToken));
        Assert.Contains("newer version", fault.Message);
    }

    [Fact]
    public async Task Open_NotADatabase_SaysSo()
    {
        await File.WriteAllTextAsync(_database.File, new string('x', 4_096), TestContext.Current.CancellationToken);
        var fault = await Assert.ThrowsAsync<StartFault>(() => Database.OpenAsync(_database, TestContext.Current.CancellationToken));
        Assert.Contains("no usable SQLite database", fault.Message);
    }

    [Fact]
    public void PrepareFolder_CannotBeMade_SaysSo() =>
        Assert.Contains("cannot be written", Assert.Throws<StartFault>(() =>
            Database.PrepareFolder(new StorageSettings("/proc/no-such-place", ""))).Message);

    [Fact]
    public async Task Sqlite_Version_IsNotTheOneWithThePublishedHole()
    {
        await using var connection = new SqliteConnection("Data Source=:memory:");
        await connection.OpenAsync(TestContext.Current.CancellationToken);
        TestContext.Current.SendDiagnosticMessage($"SQLite {connection.ServerVersion}");
        Assert.True(Version.Parse(connection.ServerVersion) >= new Version(3, 50, 2), connection.ServerVersion);
    }
}
