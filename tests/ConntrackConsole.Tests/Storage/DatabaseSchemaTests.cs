using ConntrackConsole.Storage;
using ConntrackConsole.Tests.Architecture;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using Xunit;

namespace ConntrackConsole.Tests.Storage;

/// <summary>A new database is created by a script. It has exactly what the migrations would have created.</summary>
public sealed class DatabaseSchemaTests : IDisposable
{
    private readonly TestDatabase _migrated = new(), _created = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _migrated.Dispose();
        _created.Dispose();
    }

    [Fact]
    public async Task Script_IsTheResultOfAllMigrations()
    {
        await MigrateAsync();
        string script = string.Concat((await TextAsync(_migrated)).Select(statement => statement + ";\n"));
        string file = Path.Combine(RepositoryFiles.Root, "src", "ConntrackConsole", "Storage", "Schema.sql");
        if (RepositoryFiles.UpdateDocs)
            await File.WriteAllTextAsync(file, script, Ct);
        Assert.True(script == await File.ReadAllTextAsync(file, Ct), $"{file} is out of date: run this test with UPDATE_DOCS=1, and commit the file. It should be:\n{script}");
    }

    [Fact]
    public async Task NewDatabase_HasTheSchemaAndTheHistoryOfAMigratedOne()
    {
        await MigrateAsync();
        Assert.Null(await Database.OpenAsync(_created, Ct));
        Assert.Equal(await TextAsync(_migrated), await TextAsync(_created));
        await using var db = _created.CreateDbContext();
        Assert.Equal(db.Database.GetMigrations(), DatabaseSchema.Migrations);
        Assert.Equal(db.Database.GetMigrations(), await db.Database.GetAppliedMigrationsAsync(Ct));
        Assert.Equal("wal", await db.Database.SqlQuery<string>($"SELECT journal_mode AS Value FROM pragma_journal_mode").SingleAsync(Ct));
    }

    // No migration writes rows: those of the history are all.
    [Fact]
    public async Task Migrations_WriteNoRows()
    {
        await MigrateAsync();
        await using var connection = new SqliteConnection($"Data Source={_migrated.File};Pooling=False");
        await connection.OpenAsync(Ct);
        await using var command = connection.CreateCommand();
        command.CommandText = "SELECT 'SELECT 1 FROM \"' || name || '\"' FROM sqlite_master WHERE type = 'table' AND name <> '__EFMigrationsHistory'";
        var queries = new List<string>();
        await using (var reader = await command.ExecuteReaderAsync(Ct))
        {
            while (await reader.ReadAsync(Ct))
                queries.Add(reader.GetString(0));
        }

        Assert.NotEmpty(queries);
        command.CommandText = string.Join(" UNION ALL ", queries);
        Assert.Null(await command.ExecuteScalarAsync(Ct));
    }

    [Fact]
    public async Task OlderDatabase_BecomesTheSame()
    {
        await using (var db = _created.CreateDbContext())
            await db.Database.GetService<IMigrator>().MigrateAsync("First", Ct);
        Assert.Null(await Database.OpenAsync(_created, Ct));
        await MigrateAsync();
        Assert.Equal(await TextAsync(_migrated), await TextAsync(_created));
    }

    private async Task MigrateAsync()
    {
        await using var db = _migrated.CreateDbContext();
        await db.Database.MigrateAsync(Ct);
    }

    // What a dump has, without what SQLite creates itself.
    private static async Task<IReadOnlyList<string>> TextAsync(TestDatabase database)
    {
        await using var connection = new SqliteConnection($"Data Source={database.File};Pooling=False");
        await connection.OpenAsync(Ct);
        await using var command = connection.CreateCommand();
        command.CommandText = """
            SELECT sql FROM (SELECT 1 AS part, rowid AS place, sql FROM sqlite_master WHERE sql IS NOT NULL AND name <> 'sqlite_sequence'
              UNION ALL SELECT 2, rowid, 'INSERT INTO "__EFMigrationsHistory" VALUES (' || quote(MigrationId) || ', ' || quote(ProductVersion) || ')' FROM __EFMigrationsHistory)
            ORDER BY part, place
            """;
        var statements = new List<string>();
        await using var reader = await command.ExecuteReaderAsync(Ct);
        while (await reader.ReadAsync(Ct))
            statements.Add(reader.GetString(0));
        return statements;
    }
}
