using ConntrackConsole.Storage;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;

namespace ConntrackConsole.Audit;

/// <summary>Verifies the chain while the console is running, and compares it with the last row that this process wrote.</summary>
internal sealed class AuditVerifier(IDbContextFactory<ConsoleDb> databases, AuditLog log, AuditKeys? keys = null)
{
    public async Task<AuditVerdict> VerifyAsync(CancellationToken ct = default)
    {
        // Read before the snapshot, so that rows added meanwhile do not matter.
        var head = log.Head;
        await using var db = await databases.CreateDbContextAsync(ct);
        await db.Database.OpenConnectionAsync(ct);
        var connection = (SqliteConnection)db.Database.GetDbConnection();
        // SQLite has no asynchronous reads, so do not block the thread of a page.
        return await Task.Run(() => Verify(connection, keys ?? AuditKeys.None, head, ct), ct);
    }

    public static AuditVerdict Verify(SqliteConnection connection, AuditKeys keys, AuditHead? head, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(connection);
        // Deferred: a snapshot that does not block writers.
        using var snapshot = connection.BeginTransaction(deferred: true);
        using var reader = new AuditChainReader(connection, snapshot, keys, head);
        return reader.Verify(ct);
    }
}
