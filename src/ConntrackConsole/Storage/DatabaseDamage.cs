using ConntrackConsole.Configuration;
using Microsoft.Data.Sqlite;

namespace ConntrackConsole.Storage;

/// <summary>
/// Checks the integrity of the database file, and sets a damaged one aside. It is never deleted: much of it can often be
/// recovered.
/// </summary>
internal static class DatabaseDamage
{
    /// <summary>Timeout of the check of every page; a file too large for it is checked as far as possible within it.</summary>
    public static readonly TimeSpan CheckTimeout = TimeSpan.FromSeconds(2);

    private const int Corrupt = 11;
    private const int NotADatabase = 26;
    private const int Interrupted = 9;

    /// <summary>SQLite's description of the damage; null if there is no damage or no file.</summary>
    public static string? Find(string connectionString, string file)
    {
        // A missing or empty file becomes a new database.
        if (!File.Exists(file) || new FileInfo(file).Length == 0)
            return null;
        // Before SQLite opens it: if the file is not a database, SQLite deletes its write-ahead log.
        if (!HasHeader(file))
            return "file is not a database";
        try
        {
            // Without the pool: the file may have to be renamed.
            using var connection = new SqliteConnection(new SqliteConnectionStringBuilder(connectionString) { Pooling = false }.ToString());
            connection.Open();
            using var command = connection.CreateCommand();
            long deadline = Environment.TickCount64 + (long)CheckTimeout.TotalMilliseconds;
            SQLitePCL.raw.sqlite3_progress_handler(connection.Handle, 10_000, _ => Environment.TickCount64 > deadline ? 1 : 0, null);
            command.CommandText = "PRAGMA quick_check(1)";
            string? found = command.ExecuteScalar() as string;
            SQLitePCL.raw.sqlite3_progress_handler(connection.Handle, 0, null, null);
            return found is null or "ok" ? null : found;
        }
        catch (SqliteException e) when (e.SqliteErrorCode is Corrupt or NotADatabase)
        {
            return e.Message;
        }
        catch (SqliteException e) when (e.SqliteErrorCode == Interrupted)
        {
            return null;
        }
    }

    private static bool HasHeader(string file)
    {
        Span<byte> head = stackalloc byte[16];
        try
        {
            using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            return stream.ReadAtLeast(head, head.Length, throwOnEndOfStream: false) == head.Length && head.SequenceEqual("SQLite format 3\0"u8);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // SQLite reports why it cannot be opened.
            return true;
        }
    }

    /// <summary>Renames the file and its companion files.</summary>
    /// <returns>A message that describes it.</returns>
    /// <exception cref="StartupException">It cannot be renamed.</exception>
    public static string PutAside(string file, string damage, DateTimeOffset now)
    {
        SqliteConnection.ClearAllPools();
        string aside = $"{file}.damaged-{now:yyyyMMdd-HHmmss}";
        for (int again = 2; File.Exists(aside); again++)
            aside = $"{file}.damaged-{now:yyyyMMdd-HHmmss}-{again}";
        try
        {
            // The log first: otherwise it would be replayed into the new file.
            foreach (string end in (string[])["-wal", "-shm", ""])
            {
                if (File.Exists(file + end))
                    File.Move(file + end, aside + end);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StartupException(StartupErrorCodes.DatabaseDamaged, $"The database {file} is damaged ({damage}) and cannot be renamed ({e.Message}): move it away, and start again.");
        }

        return $"The database {file} was damaged ({damage.TrimEnd('.')}). It was renamed to {aside}, and a new one was created: earlier data, "
            + "including the audit log, is in that file (sqlite3's .recover extracts what is readable).";
    }
}
