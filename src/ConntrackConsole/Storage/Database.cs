using ConntrackConsole.Configuration;
using ConntrackConsole.Configuration.Keys;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;

namespace ConntrackConsole.Storage;

/// <summary>Opens the database at startup, and reports in one sentence why it cannot.</summary>
internal static class Database
{
    // SQLite's primary result codes (sqlite3.h).
    private const int CantOpen = 14;
    private const int ReadOnly = 8;
    private const int Corrupt = 11;
    private const int NotADatabase = 26;

    /// <exception cref="StartupException">The folder or file cannot be used.</exception>
    internal static void PrepareFolder(StorageOptions storage)
    {
        ArgumentNullException.ThrowIfNull(storage);
        try
        {
            // Keys and the audit log must be readable by this user only.
            if (OperatingSystem.IsWindows())
                Directory.CreateDirectory(storage.DataDirectory);
            else
                Directory.CreateDirectory(storage.DataDirectory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            string probe = Path.Combine(storage.DataDirectory, $".probe-{Environment.ProcessId}");
            File.WriteAllBytes(probe, []);
            File.Delete(probe);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StartupException(
                StartupErrorCodes.DataDirectoryUnwritable, $"The data directory {storage.DataDirectory} is not writable: grant this user write permission, or set {ConfigurationKeys.DataDirectory} to another folder.");
        }
    }

    /// <returns>Null, or a message about a damaged file that was set aside and replaced by a new one.</returns>
    /// <exception cref="StartupException">The file cannot be used, or was created by a newer version.</exception>
    public static async Task<string?> OpenAsync(IDbContextFactory<ConsoleDb> databases, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(databases);
        await using var db = await databases.CreateDbContextAsync(ct);
        string connection = db.Database.GetConnectionString()!;
        string file = new SqliteConnectionStringBuilder(connection).DataSource;
        try
        {
            string? aside = DatabaseDamage.Find(connection, file) is { } damage ? DatabaseDamage.PutAside(file, damage, DateTimeOffset.UtcNow) : null;
            try
            {
                await MigrateAsync(db, connection, file, ct);
                return aside;
            }
            catch (SqliteException e) when (aside is null && e.SqliteErrorCode is Corrupt or NotADatabase)
            {
                // Damage that the quick check did not reach.
                aside = DatabaseDamage.PutAside(file, e.Message, DateTimeOffset.UtcNow);
                await using var fresh = await databases.CreateDbContextAsync(ct);
                await MigrateAsync(fresh, connection, file, ct);
                return aside;
            }
        }
        catch (SqliteException e)
        {
            throw e.SqliteErrorCode switch
            {
                CantOpen or ReadOnly => new StartupException(
                    StartupErrorCodes.DatabaseReadOnly, $"The database {file} cannot be opened for writing: check the folder and its permissions, or set {ConfigurationKeys.ConnectionString}."),
                _ => new StartupException(StartupErrorCodes.DatabaseUnusable, $"The database {file} cannot be used (SQLite: {e.Message}): move it away or set {ConfigurationKeys.ConnectionString}."),
            };
        }
    }

    private static async Task MigrateAsync(ConsoleDb db, string connection, string file, CancellationToken ct)
    {
        await using var opened = new SqliteConnection(connection);
        await opened.OpenAsync(ct);
        DatabaseSchema.CreateIfEmpty(opened);
        var applied = DatabaseSchema.Applied(opened);
        var newer = applied.Except(DatabaseSchema.Migrations).ToList();
        if (newer.Count > 0)
        {
            throw new StartupException(
                StartupErrorCodes.DatabaseNewer, $"The database {file} was created by a newer version of conntrack-console ({newer[^1]}): run that version, or set {ConfigurationKeys.ConnectionString} to another file.");
        }

        if (applied.Count < DatabaseSchema.Migrations.Count)
            await db.Database.MigrateAsync(ct);
        await using var mode = opened.CreateCommand();
        mode.CommandText = "PRAGMA journal_mode=WAL";
        await mode.ExecuteNonQueryAsync(ct);
    }
}
