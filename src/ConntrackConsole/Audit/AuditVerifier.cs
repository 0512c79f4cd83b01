using ConntrackConsole.Configuration;
using ConntrackConsole.Storage;
using ConntrackConsole.Storage.Address;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;

namespace ConntrackConsole.Audit;

/// <summary>Verifies the chain: while the console is running, compared with the last row that this process wrote, or of a file.</summary>
internal sealed class AuditVerifier(IDbContextFactory<ConsoleDb> databases, AuditLog log, AuditKeys? keys = null)
{
    // SQLite's primary result codes (sqlite3.h).
    private const int Error = 1;
    private const int ReadOnly = 8;
    private const int NotADatabase = 26;
    private const int CantOpen = 14;

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

    /// <summary>Verifies the chain of a database without changing it: a copy, or one on which a console runs.</summary>
    /// <param name="file">The file of the connection string.</param>
    /// <exception cref="StartupException">The database cannot be read, or has no audit chain.</exception>
    public static AuditVerdict VerifyFile(string connectionString, string file, AuditKeys keys, AuditHead? head)
    {
        try
        {
            return Verify(DatabaseAddress.ReadOnly(connectionString), keys, head);
        }
        catch (SqliteException e) when (e.SqliteErrorCode is CantOpen or ReadOnly && !File.Exists(file + "-wal"))
        {
            // A copy in a read-only place: SQLite requires a WAL file beside it unless the database is opened as immutable.
            return Verify(DatabaseAddress.Immutable(file), keys, head);
        }
        catch (SqliteException e) when (e.SqliteErrorCode is Error)
        {
            throw new StartupException(StartupErrorCodes.DatabaseWithoutChain, $"The database {file} has no audit chain (SQLite: {e.Message.TrimEnd('.')}): start this version of conntrack-console on it once, or set the correct file.");
        }
        catch (SqliteException e) when (e.SqliteErrorCode is CantOpen or ReadOnly or NotADatabase)
        {
            throw new StartupException(StartupErrorCodes.DatabaseUnreadable, $"The database {file} cannot be read (SQLite: {e.Message.TrimEnd('.')}): check the file and its permissions.");
        }
    }

    private static AuditVerdict Verify(string connectionString, AuditKeys keys, AuditHead? head)
    {
        using var connection = new SqliteConnection(connectionString);
        connection.Open();
        return Verify(connection, keys, head);
    }
}
