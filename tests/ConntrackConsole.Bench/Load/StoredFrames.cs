using System.Diagnostics.CodeAnalysis;
using ConntrackConsole.Bench.Load.Nodes;
using ConntrackConsole.Timeline.Storage;
using Microsoft.Data.Sqlite;

namespace ConntrackConsole.Bench.Load;

/// <param name="Stored">Frames of this load, each counted once.</param>
/// <param name="Duplicates">Rows beyond the first of a frame, and frames that are packed more than once.</param>
/// <param name="Lost">Frames that were made, are not stored, and that their node does not keep any more.</param>
/// <param name="Waiting">Frames that are not stored, and that their node keeps in order to send them again.</param>
/// <param name="Foreign">Frames that no node of this load has made, or that have other bytes than those that were made.</param>
/// <param name="BesidePack">Frames that have a single row and are packed too, until the console deletes the row: not duplicates.</param>
internal sealed record StoredCount(long Stored, long Duplicates, long Lost, long Waiting, long Foreign, long BesidePack)
{
    /// <summary>Whether each frame is stored once; a node that still waits is no excuse.</summary>
    public bool IsExact => Duplicates == 0 && Lost == 0 && Waiting == 0 && Foreign == 0;
}

/// <summary>Looks into a console's database.</summary>
internal sealed class StoredFrames(string file) : IDisposable
{
    private const long MinuteMs = 60_000;

    private readonly SqliteConnection _database = Open(file);

    /// <summary>Compares the frames by node, run, sequence and bytes with what the nodes have made.</summary>
    public StoredCount Count(IReadOnlyList<MadeFrames> nodes)
    {
        var made = nodes.ToDictionary(node => (node.Node, node.Run));
        var single = made.ToDictionary(node => node.Key, node => new bool[node.Value.Hashes.Count]);
        var packed = made.ToDictionary(node => node.Key, node => new bool[node.Value.Hashes.Count]);
        long duplicates = 0, foreign = 0;
        Read("SELECT Node, StartedAtMs, Sequence, Bytes FROM Frames", rows =>
            Add(single, (rows.GetString(0), rows.GetInt64(1)), (ulong)rows.GetInt64(2), rows.GetFieldValue<byte[]>(3)));
        if (Has("FramePacks"))
        {
            var pack = new FrameBuffer();
            Read("SELECT Node, Bytes FROM FramePacks", rows =>
            {
                pack.Clear();
                if (!pack.AddPacked(rows.GetFieldValue<byte[]>(1)))
                    foreign++;
                foreach (var frame in pack.Frames)
                    Add(packed, (rows.GetString(0), frame.Run), frame.Sequence, pack.Bytes(frame));
            });
        }

        long stored = 0, lost = 0, waiting = 0, beside = 0;
        foreach (var (key, node) in made)
        {
            for (int i = 0; i < node.Hashes.Count; i++)
            {
                var (isSingle, isPacked) = (single[key][i], packed[key][i]);
                if (isSingle || isPacked)
                    stored++;
                else if (node.Kept.Contains((ulong)i + 1))
                    waiting++;
                else
                    lost++;
                if (isSingle && isPacked)
                    beside++;
            }
        }

        return new StoredCount(stored, duplicates, lost, waiting, foreign, beside);

        void Add(Dictionary<(string, long), bool[]> seen, (string, long) key, ulong sequence, ReadOnlySpan<byte> bytes)
        {
            if (!made.TryGetValue(key, out var node) || sequence < 1 || sequence > (ulong)node.Hashes.Count)
            {
                foreign++;
                return;
            }

            int at = (int)sequence - 1;
            if (node.Hashes[at] != MadeFrames.HashOf(bytes))
                foreign++;
            if (seen[key][at])
                duplicates++;
            seen[key][at] = true;
        }
    }

    /// <summary>How many minutes of nodes are packed; 0 of a version that packs none.</summary>
    public long Packs()
    {
        long packs = 0;
        if (Has("FramePacks"))
            Read("SELECT COUNT(*) FROM FramePacks", rows => packs = rows.GetInt64(0));
        return packs;
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

    /// <summary>Whether the cluster has a block of a minute; the Services' are stored in the same transaction.</summary>
    public bool IsClusterRolledUp(long minute)
    {
        bool exists = false;
        Read($"SELECT 1 FROM Blocks WHERE Kind = 2 AND Step = 1 AND Name = '{BlockArchive.Cluster}' AND AtMs = $at", _ => exists = true, minute * MinuteMs);
        return exists;
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
