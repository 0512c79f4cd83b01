using System.Diagnostics.CodeAnalysis;
using ConntrackConsole.Bench.Load.Nodes;
using ConntrackConsole.Timeline.Storage;
using Microsoft.Data.Sqlite;

namespace ConntrackConsole.Bench.Load;

/// <param name="Stored">Frames of this load, each counted once.</param>
/// <param name="Duplicates">Rows beyond the first of a frame.</param>
/// <param name="Lost">Frames that were made, are not stored, and that no node keeps any more.</param>
/// <param name="Waiting">Frames that are not stored, and that a node keeps in order to send them again.</param>
/// <param name="Foreign">Rows that no node of this load has made, or with other bytes than those that were made.</param>
internal sealed record StoredCount(long Stored, long Duplicates, long Lost, long Waiting, long Foreign)
{
    public bool IsExact => Duplicates == 0 && Lost == 0 && Foreign == 0;
}

/// <summary>Looks into a console's database.</summary>
internal sealed class StoredFrames(string file) : IDisposable
{
    private const long MinuteMs = 60_000;

    private readonly SqliteConnection _database = Open(file);

    /// <summary>Compares the frames by node, run and sequence with what the nodes have made.</summary>
    public StoredCount Count(IReadOnlyList<MadeUpNode> nodes)
    {
        var made = nodes.ToDictionary(node => (node.Name, node.Run));
        var stored = made.Keys.ToDictionary(key => key, _ => new Dictionary<ulong, int>());
        long duplicates = 0, foreign = 0;
        Read("SELECT Node, StartedAtMs, Sequence, LENGTH(Bytes) FROM Frames", rows =>
        {
            if (!Add(rows.GetString(0), rows.GetInt64(1), (ulong)rows.GetInt64(2), rows.GetInt32(3)))
                duplicates++;
        });
        // A single row may still be there beside its pack: that is no second frame. Within the packs each frame is there once.
        if (Has("FramePacks"))
        {
            var packed = made.Keys.ToDictionary(key => key, _ => new HashSet<ulong>());
            Read("SELECT Node, Bytes FROM FramePacks", rows =>
            {
                string node = rows.GetString(0);
                var pack = new FrameBuffer();
                if (!pack.AddPacked((byte[])rows.GetValue(1)))
                    foreign++;
                foreach (var frame in pack.Frames)
                {
                    Add(node, frame.Run, frame.Sequence, frame.Length);
                    if (packed.TryGetValue((node, frame.Run), out var seen) && !seen.Add(frame.Sequence))
                        duplicates++;
                }
            });
        }

        long count = stored.Values.Sum(frames => (long)frames.Count);
        foreach (var (key, frames) in stored)
        {
            var node = made[key];
            if (frames.Count == (int)node.Made && frames.Values.Sum(bytes => (long)bytes) != node.MadeBytes)
                foreign++;
        }

        long missing = nodes.Sum(node => (long)node.Made) - count;
        long waiting = Math.Min(missing, nodes.Sum(node => (long)node.Unacknowledged));
        return new StoredCount(count, duplicates, missing - waiting, waiting, foreign);

        bool Add(string name, long run, ulong sequence, int bytes)
        {
            if (made.TryGetValue((name, run), out var node) && sequence >= 1 && sequence <= (ulong)node.Made)
                return stored[(name, run)].TryAdd(sequence, bytes);
            foreign++;
            return true;
        }
    }

    private bool Has(string table)
    {
        bool exists = false;
        Read($"SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = '{table}'", _ => exists = true);
        return exists;
    }

    /// <summary>How many nodes have a block of a minute.</summary>
    public long NodesRolledUp(long minute)
    {
        long nodes = 0;
        Read("SELECT COUNT(*) FROM Blocks WHERE Kind = 1 AND Step = 1 AND AtMs = $at", rows => nodes = rows.GetInt64(0), minute * MinuteMs);
        return nodes;
    }

    /// <summary>
    /// Bytes of the content of each table, without indexes and pages (this build of SQLite has no dbstat); where rows have a step, of each
    /// step. The last is the whole file.
    /// </summary>
    public IReadOnlyList<(string What, long Bytes)> Sizes()
    {
        var columns = new List<(string Table, string Column)>();
        Read("SELECT t.name, c.name FROM sqlite_schema t JOIN pragma_table_info(t.name) c WHERE t.type = 'table'", rows => columns.Add((rows.GetString(0), rows.GetString(1))));
        var sizes = new List<(string What, long Bytes)>();
        foreach (var table in columns.GroupBy(column => column.Table))
        {
            bool hasStep = table.Any(column => column.Column == "Step");
            string bytes = string.Join(" + ", table.Select(column => $"COALESCE(LENGTH(CAST(\"{column.Column}\" AS BLOB)), 0)"));
            Read($"SELECT {(hasStep ? "Step" : "NULL")}, COALESCE(SUM({bytes}), 0) FROM \"{table.Key}\" GROUP BY 1", rows =>
                sizes.Add((rows.IsDBNull(0) ? table.Key : $"{table.Key} of {rows.GetInt64(0)} s", rows.GetInt64(1))));
        }

        return [.. sizes.OrderByDescending(size => size.Bytes), ("the whole file", new FileInfo(file).Length)];
    }

    public void Dispose() => _database.Dispose();

    private static SqliteConnection Open(string file)
    {
        var database = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = file, Mode = SqliteOpenMode.ReadOnly, Pooling = false }.ToString());
        database.Open();
        return database;
    }

    [SuppressMessage("Security", "CA2100:Review SQL queries for security vulnerabilities", Justification = "Every text is of this class or a name in the schema.")]
    private void Read(string sql, Action<SqliteDataReader> row, long? at = null)
    {
        using var command = _database.CreateCommand();
        command.CommandText = sql;
        if (at is { } value)
            command.Parameters.AddWithValue("$at", value);
        using var rows = command.ExecuteReader();
        while (rows.Read())
            row(rows);
    }
}
