using ConntrackConsole.Configuration;
using Microsoft.Data.Sqlite;

namespace ConntrackConsole.Storage;

/// <summary>Looks whether the database file is whole, and puts one that is not aside. It is never deleted: much of it can often be read.</summary>
internal static class DatabaseDamage
{
    /// <summary>How long the check of every page may take; a file too large for it is checked as far as that.</summary>
    public static readonly TimeSpan MostCheck = TimeSpan.FromSeconds(20);

    private const int Corrupt = 11;
    private const int NotADatabase = 26;
    private const int Interrupted = 9;

    /// <summary>What is wrong with the file, in SQLite's words; null where nothing is, or where there is none.</summary>
    public static string? Find(string connectionString, string file)
    {
        // A new or an empty file is a fresh database.
        if (!File.Exists(file) || new FileInfo(file).Length == 0)
            return null;
        // Before SQLite sees it: beside a file that is none it throws the log away.
        if (!HasHeader(file))
            return "file is not a database";
        try
        {
            // Without the pool: the file may have to go.
            using var connection = new SqliteConnection(new SqliteConnectionStringBuilder(connectionString) { Pooling = false }.ToString());
            connection.Open();
            using var command = connection.CreateCommand();
            long deadline = Environment.TickCount64 + (long)MostCheck.TotalMilliseconds;
            SQLitePCL.raw.sqlite3_progress_handler(connection.Handle, 100_000, _ => Environment.TickCount64 > deadline ? 1 : 0, null);
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
            // SQLite says why it cannot be opened.
            return true;
        }
    }

    /// <summary>Renames the file and what belongs to it.</summary>
    /// <returns>The sentence about it.</returns>
    /// <exception cref="StartupException">It cannot be renamed.</exception>
    public static string PutAside(string file, string damage, DateTimeOffset now)
    {
        SqliteConnection.ClearAllPools();
        string aside = $"{file}.damaged-{now:yyyyMMdd-HHmmss}";
        for (int again = 2; File.Exists(aside); again++)
            aside = $"{file}.damaged-{now:yyyyMMdd-HHmmss}-{again}";
        try
        {
            // The log first: beside a fresh file it would be played into it.
            foreach (string end in (string[])["-wal", "-shm", ""])
            {
                if (File.Exists(file + end))
                    File.Move(file + end, aside + end);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StartupException(StartupErrorCodes.DatabaseDamaged, $"The database {file} is damaged ({damage}) and cannot be put aside ({e.Message}): move it away, and start again.");
        }

        return $"The database {file} was damaged ({damage.TrimEnd('.')}). It was put aside as {aside}, and a fresh one was begun: what was before, "
            + "the audit log too, is in that file (sqlite3's .recover reads what can be read).";
    }
}
