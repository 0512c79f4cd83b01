using System.Globalization;
using ConntrackConsole.Audit;
using ConntrackConsole.Tests.Storage;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace ConntrackConsole.Tests.Audit;

/// <summary>A small log in a real file, and an attacker who can write to that file.</summary>
internal sealed class ChainedLog : IDisposable
{
    public const string Secret = "0123456789abcdef0123456789abcdef";

    private ChainedLog(string? secret)
    {
        Keys = secret is null ? AuditKeys.None : new AuditKeys([secret]);
        Log = new AuditLog(Database, Clock, Keys, NullLogger<AuditLog>.Instance);
    }

    public TestDatabase Database { get; } = new();
    public FakeTimeProvider Clock { get; } = new(DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_123));
    public AuditKeys Keys { get; }
    public AuditLog Log { get; }

    public static async Task<ChainedLog> CreateAsync(int rows, string? secret = Secret, bool codes = true)
    {
        var chained = new ChainedLog(secret);
        await ConntrackConsole.Storage.Database.OpenAsync(chained.Database, TestContext.Current.CancellationToken);
        await chained.AddAsync(rows, codes);
        return chained;
    }

    /// <summary>Rows with a value in every column; in every third row some columns are null or empty.</summary>
    public async Task AddAsync(int rows, bool codes = true)
    {
        for (int i = 0; i < rows; i++)
        {
            Clock.Advance(TimeSpan.FromSeconds(1));
            bool bare = i % 3 == 2;
            await Log.AppendAsync(
                new AuditNote(
                    $"operator-{i}", bare ? null : $"10.0.0.{i}", "flush.completed", bare ? "" : "node1, node2", "10.1.0.5", $"it is gone – {i}", bare ? null : "5 entries",
                    "2 entries", $"{i} deleted", bare ? null : 12 + i, $"action-{i}")
                {
                    Code = bare || !codes ? null : "flush.owner_live", Session = bare ? null : $"session-{i}", Roles = "operator", IncidentId = bare ? null : $"incident-{i}", Details = bare ? null : $$"""[{"src":"10.1.1.{{i}}"}]""",
                },
                TestContext.Current.CancellationToken);
        }
    }

    /// <summary>Executes a statement with the triggers disabled.</summary>
    public Task TamperAsync(string sql) => Database.ExecuteAsync(
        "PRAGMA synchronous=OFF; DROP TRIGGER IF EXISTS Audit_no_update; DROP TRIGGER IF EXISTS Audit_no_delete; DROP TRIGGER IF EXISTS Audit_no_replace;" + sql);

    public AuditVerdict Verify(AuditHead? head = null, AuditKeys? keys = null) => Verify(Database.File, keys ?? Keys, head);

    public static AuditVerdict Verify(string file, AuditKeys keys, AuditHead? head = null)
    {
        using var connection = new SqliteConnection($"Data Source={file};Mode=ReadOnly;Pooling=False");
        connection.Open();
        return AuditVerifier.Verify(connection, keys, head, TestContext.Current.CancellationToken);
    }

    /// <summary>A copy of the file, complete without a WAL file.</summary>
    public async Task<string> CopyAsync(string name)
    {
        string copy = Path.Combine(Path.GetDirectoryName(Database.File)!, name);
        await Database.ExecuteAsync(string.Create(CultureInfo.InvariantCulture, $"VACUUM INTO '{copy}'"));
        return copy;
    }

    public async Task<long> NumberAsync(string sql)
    {
        await using var connection = new SqliteConnection($"Data Source={Database.File};Pooling=False");
        await connection.OpenAsync(TestContext.Current.CancellationToken);
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        return (long)(await command.ExecuteScalarAsync(TestContext.Current.CancellationToken))!;
    }

    public void Dispose()
    {
        Log.Dispose();
        Database.Dispose();
    }
}
