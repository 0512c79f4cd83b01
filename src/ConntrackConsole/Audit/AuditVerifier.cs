using ConntrackConsole.Storage;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;

namespace ConntrackConsole.Audit;

/// <summary>Walks the chain beside the running console, and holds it against the last row that this program wrote.</summary>
internal sealed class AuditVerifier(IDbContextFactory<ConsoleDb> databases, AuditLog log, AuditKeys? keys = null)
{
    public async Task<AuditVerdict> VerifyAsync(CancellationToken ct = default)
    {
        // Before the snapshot: what is added meanwhile does not matter.
        var head = log.Head;
        await using var db = await databases.CreateDbContextAsync(ct);
        await db.Database.OpenConnectionAsync(ct);
        var connection = (SqliteConnection)db.Database.GetDbConnection();
        // SQLite has no asynchronous reading: not on the thread of a page.
        return await Task.Run(() => Verify(connection, keys ?? AuditKeys.None, head, ct), ct);
    }

    public static AuditVerdict Verify(SqliteConnection connection, AuditKeys keys, AuditHead? head, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(connection);
        // Deferred: a snapshot that keeps no writer waiting.
        using var snapshot = connection.BeginTransaction(deferred: true);
        using var walk = new AuditChainReader(connection, snapshot, keys, head);
        return walk.Go(ct);
    }
}
