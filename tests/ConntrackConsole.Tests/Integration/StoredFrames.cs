using Microsoft.Data.Sqlite;

namespace ConntrackConsole.Tests.Integration;

/// <summary>A node's frames in a console's database file.</summary>
internal static class StoredFrames
{
    /// <summary>The stored frames of a run, in the order of their numbers.</summary>
    public static List<ulong> Sequences(DirectoryInfo folder, string node, long run) =>
        [.. Rows(folder, node).Where(row => row.Run == run).Select(row => row.Sequence).Order()];

    /// <summary>All frames of a node in the order of arrival.</summary>
    public static List<(long Run, ulong Sequence)> Rows(DirectoryInfo folder, string node)
    {
        string file = Path.Combine(folder.FullName, "console.db");
        var rows = new List<(long, ulong)>();
        if (!File.Exists(file))
            return rows;
        using var connection = new SqliteConnection($"Data Source={file};Mode=ReadWrite;Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT StartedAtMs, Sequence FROM Frames WHERE Node = $node ORDER BY Id";
        command.Parameters.AddWithValue("$node", node);
        using var reader = command.ExecuteReader();
        while (reader.Read())
            rows.Add((reader.GetInt64(0), (ulong)reader.GetInt64(1)));
        return rows;
    }
}
