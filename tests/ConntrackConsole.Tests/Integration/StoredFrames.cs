using ConntrackConsole.Timeline.Storage;
using Microsoft.Data.Sqlite;
using Xunit;

namespace ConntrackConsole.Tests.Integration;

/// <summary>A node's frames in a console's database file.</summary>
internal static class StoredFrames
{
    /// <summary>The stored frames of a run, in the order of their numbers.</summary>
    public static List<ulong> Sequences(DirectoryInfo folder, string node, long run) =>
        [.. Rows(folder, node).Where(row => row.Run == run).Select(row => row.Sequence).Order()];

    /// <summary>All frames of a node, those in packs first, then in the order of arrival.</summary>
    public static List<(long Run, ulong Sequence)> Rows(DirectoryInfo folder, string node)
    {
        string file = Path.Combine(folder.FullName, "console.db");
        var rows = new List<(long, ulong)>();
        if (!File.Exists(file))
            return rows;
        using var connection = new SqliteConnection($"Data Source={file};Mode=ReadWrite;Pooling=False");
        connection.Open();
        var packs = new FrameBuffer();
        Read("SELECT Bytes FROM FramePacks WHERE Node = $node ORDER BY MinuteMs", row => Assert.True(packs.AddPacked(row.GetFieldValue<byte[]>(0))));
        rows.AddRange(packs.Frames.Select(f => (f.Run, f.Sequence)));
        // Packed frames are deleted later.
        var packed = rows.ToHashSet();
        Read("SELECT StartedAtMs, Sequence FROM Frames WHERE Node = $node ORDER BY Id", row =>
        {
            if (!packed.Contains((row.GetInt64(0), (ulong)row.GetInt64(1))))
                rows.Add((row.GetInt64(0), (ulong)row.GetInt64(1)));
        });
        return rows;

        void Read(string sql, Action<SqliteDataReader> each)
        {
            using var command = connection.CreateCommand();
            command.CommandText = sql;
            command.Parameters.AddWithValue("$node", node);
            using var reader = command.ExecuteReader();
            while (reader.Read())
                each(reader);
        }
    }
}
