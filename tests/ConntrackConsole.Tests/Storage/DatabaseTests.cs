using ConntrackConsole.Audit;
using ConntrackConsole.Configuration;
using ConntrackConsole.Lifecycle;
using ConntrackConsole.Storage;
using ConntrackConsole.Timeline.Storage;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
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
        var fault = await Assert.ThrowsAsync<StartupException>(() => Database.OpenAsync(_database, TestContext.Current.CancellationToken));
        Assert.Equal(StartupErrorCodes.DatabaseNewer, fault.Code);
        Assert.Contains("newer version", fault.Message);
    }

    [Fact]
    public async Task Open_AnOlderVersion_IsMigratedWithItsRows()
    {
        await using (var db = _database.CreateDbContext())
            await db.Database.GetService<IMigrator>().MigrateAsync("First", TestContext.Current.CancellationToken);
        await _database.ExecuteAsync(
            "INSERT INTO Terminations (Uid, Namespace, Pod, PodIp, Node, AskedMs) VALUES ('u1', 'shop', 'checkout-a', '10.1.0.5', 'node1', 1700000000000);"
            + "INSERT INTO ResetSeconds (Second, Kind, Count) VALUES (1700000000, 1, 7);"
            + "INSERT INTO Audit (AtMs, Who, What, Why, Result, ActionId) VALUES (1, 'me', 'flush', 'because', 'ok', 'a1')");
        Assert.Null(await Database.OpenAsync(_database, TestContext.Current.CancellationToken));
        await using var now = _database.CreateDbContext();
        Assert.False(now.Database.HasPendingModelChanges());
        Assert.Equal("checkout-a", (await now.Terminations.SingleAsync(TestContext.Current.CancellationToken)).Pod);
        Assert.Equal(7, (await now.ResetSeconds.SingleAsync(TestContext.Current.CancellationToken)).Count);
        Assert.Equal("because", (await now.Audit.SingleAsync(TestContext.Current.CancellationToken)).Why);
        await Assert.ThrowsAsync<SqliteException>(() => _database.ExecuteAsync("DELETE FROM Audit"));
    }

    [Fact]
    public async Task Open_NotADatabase_IsPutAside_AndAFreshOneIsBegun()
    {
        await File.WriteAllTextAsync(_database.File, new string('x', 4_096), TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(_database.File + "-wal", "of the old one", TestContext.Current.CancellationToken);
        string? sentence = await Database.OpenAsync(_database, TestContext.Current.CancellationToken);
        Assert.Contains("was damaged", sentence);
        string aside = Assert.Single(Aside(), f => !f.EndsWith("-wal", StringComparison.Ordinal));
        Assert.Equal(new string('x', 4_096), await File.ReadAllTextAsync(aside, TestContext.Current.CancellationToken));
        Assert.Equal("of the old one", await File.ReadAllTextAsync(aside + "-wal", TestContext.Current.CancellationToken));
        await AssertUsableAsync();
    }

    [Theory]
    [InlineData("cut")]
    [InlineData("page")]
    [InlineData("header")]
    public async Task Open_ADamagedFile_IsPutAside_AndAFreshOneIsBegun(string damage)
    {
        await Database.OpenAsync(_database, TestContext.Current.CancellationToken);
        await _database.ExecuteAsync(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) "
            + "INSERT INTO Frames (Node, StartedAtMs, Sequence, AtMs, ReceivedMs, Bytes) SELECT 'node1', 1, i, i, i, randomblob(400) FROM n;"
            + "PRAGMA wal_checkpoint(TRUNCATE)");
        byte[] bytes = await File.ReadAllBytesAsync(_database.File, TestContext.Current.CancellationToken);
        if (damage == "cut")
            bytes = bytes[..(bytes.Length / 2 / 4096 * 4096)];
        else
            bytes.AsSpan(damage == "header" ? 0 : bytes.Length / 2 / 4096 * 4096, damage == "header" ? 100 : 8 * 4096).Fill(0xAA);
        await File.WriteAllBytesAsync(_database.File, bytes, TestContext.Current.CancellationToken);

        string? sentence = await Database.OpenAsync(_database, TestContext.Current.CancellationToken);
        Assert.Contains("put aside", sentence);
        string aside = Assert.Single(Aside(), f => !f.EndsWith("-wal", StringComparison.Ordinal) && !f.EndsWith("-shm", StringComparison.Ordinal));
        Assert.Equal(bytes.Length, new FileInfo(aside).Length);
        await AssertUsableAsync();
    }

    [Fact]
    public async Task Open_ASoundFile_IsLeftWhereItIs()
    {
        await Database.OpenAsync(_database, TestContext.Current.CancellationToken);
        Assert.Null(await Database.OpenAsync(_database, TestContext.Current.CancellationToken));
        Assert.Empty(Aside());
    }

    private string[] Aside() => Directory.GetFiles(Path.GetDirectoryName(_database.File)!, "*.damaged-*");

    private async Task AssertUsableAsync()
    {
        await using var db = _database.CreateDbContext();
        Assert.Equal(0, await db.Frames.CountAsync(TestContext.Current.CancellationToken));
        Assert.False(db.Database.HasPendingModelChanges());
    }

    [Fact]
    public void PrepareFolder_CannotBeMade_SaysSo() =>
        Assert.Equal(StartupErrorCodes.DataDirectoryUnwritable, Assert.Throws<StartupException>(() =>
            Database.PrepareFolder(new StorageOptions { DataDirectory = "/proc/no-such-place" })).Code);

    [Fact]
    public async Task Sqlite_Version_IsNotTheOneWithThePublishedHole()
    {
        await using var connection = new SqliteConnection("Data Source=:memory:");
        await connection.OpenAsync(TestContext.Current.CancellationToken);
        TestContext.Current.SendDiagnosticMessage($"SQLite {connection.ServerVersion}");
        Assert.True(Version.Parse(connection.ServerVersion) >= new Version(3, 50, 2), connection.ServerVersion);
    }
}
