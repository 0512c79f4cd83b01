using System.Text.RegularExpressions;
using Microsoft.Data.Sqlite;

namespace ConntrackConsole.Storage;

/// <summary>
/// The schema that all migrations have together, as a script (Schema.sql). To migrate an empty file takes the model of every migration;
/// the script takes milliseconds, and a file that has every migration needs no model at all.
/// </summary>
internal static partial class DatabaseSchema
{
    private static readonly Lazy<string> Script = new(Read);
    private static readonly Lazy<IReadOnlyList<string>> Ids = new(() => [.. MigrationRow().Matches(Script.Value).Select(match => match.Groups[1].Value)]);

    /// <summary>The ids of all migrations, oldest first.</summary>
    public static IReadOnlyList<string> Migrations => Ids.Value;

    /// <summary>Creates the schema if the file is empty.</summary>
    public static void CreateIfEmpty(SqliteConnection connection)
    {
        if (!IsEmpty(connection))
            return;
        // Not possible within a transaction.
        Execute(connection, null, "PRAGMA journal_mode=WAL");
        using var transaction = connection.BeginTransaction(deferred: false);
        // Another process may have been first.
        if (IsEmpty(connection, transaction))
            Execute(connection, transaction, Script.Value);
        transaction.Commit();
    }

    /// <summary>The ids of the migrations that the file has; empty if another program created it.</summary>
    public static IReadOnlyList<string> Applied(SqliteConnection connection)
    {
        ArgumentNullException.ThrowIfNull(connection);
        if (Count(connection, null, "SELECT COUNT(*) FROM sqlite_master WHERE name = '__EFMigrationsHistory'") == 0)
            return [];
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT MigrationId FROM __EFMigrationsHistory ORDER BY MigrationId";
        using var reader = command.ExecuteReader();
        var ids = new List<string>();
        while (reader.Read())
            ids.Add(reader.GetString(0));
        return ids;
    }

    private static bool IsEmpty(SqliteConnection connection, SqliteTransaction? transaction = null) => Count(connection, transaction, "SELECT COUNT(*) FROM sqlite_master") == 0;

    private static long Count(SqliteConnection connection, SqliteTransaction? transaction, string sql)
    {
        using var command = connection.CreateCommand();
        (command.CommandText, command.Transaction) = (sql, transaction);
        return (long)command.ExecuteScalar()!;
    }

    private static void Execute(SqliteConnection connection, SqliteTransaction? transaction, string sql)
    {
        using var command = connection.CreateCommand();
        (command.CommandText, command.Transaction) = (sql, transaction);
        command.ExecuteNonQuery();
    }

    private static string Read()
    {
        using var reader = new StreamReader(typeof(DatabaseSchema).Assembly.GetManifestResourceStream("Schema.sql")!);
        return reader.ReadToEnd();
    }

    [GeneratedRegex("""^INSERT INTO "__EFMigrationsHistory" VALUES \('([^']+)', '[^']+'\);$""", RegexOptions.Multiline)]
    private static partial Regex MigrationRow();
}
