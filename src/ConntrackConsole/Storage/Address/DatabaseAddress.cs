using Microsoft.Data.Sqlite;

namespace ConntrackConsole.Storage.Address;

/// <summary>The connection string of the database.</summary>
internal static class DatabaseAddress
{
    public static string Of(string file) => new SqliteConnectionStringBuilder { DataSource = file }.ToString();

    /// <exception cref="ArgumentException">It is no connection string; the message may repeat it.</exception>
    public static string FileOf(string connectionString) => new SqliteConnectionStringBuilder(connectionString).DataSource;

    public static string ReadOnly(string connectionString) =>
        new SqliteConnectionStringBuilder(connectionString) { Mode = SqliteOpenMode.ReadOnly, Pooling = false }.ToString();

    /// <summary>Opens a file that no program writes, without a WAL file beside it.</summary>
    public static string Immutable(string file) =>
        ReadOnly(Of($"file:{string.Join('/', Path.GetFullPath(file).Split('/').Select(Uri.EscapeDataString))}?immutable=1"));

    /// <param name="replacement">What stands for a password.</param>
    public static string WithoutPassword(string connectionString, string replacement)
    {
        var builder = new SqliteConnectionStringBuilder(connectionString);
        if (builder.Password.Length > 0)
            builder.Password = replacement;
        return builder.ToString();
    }
}
