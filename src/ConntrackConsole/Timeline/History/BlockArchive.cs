using System.Buffers.Binary;
using ConntrackConsole.Storage;
using ConntrackConsole.Wire;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;

namespace ConntrackConsole.Timeline.History;

/// <summary>What a block is of.</summary>
public enum BlockKind : byte
{
    /// <summary>Name "": up to which row the frames are folded.</summary>
    Mark = 0,
    Node = 1,
    /// <summary>Name "" is the whole cluster: where anything was known, and all resets.</summary>
    Service = 2,
}

public readonly record struct StoredBlock(BlockKind Kind, Level Level, string Name, long AtMs, byte[] Bytes);

/// <summary>The blocks on disk. One writer, the folder, with prepared commands on a connection of its own.</summary>
public sealed class BlockArchive(IDbContextFactory<ConsoleDb> databases) : IDisposable
{
    private const int BusySeconds = 5;
    public const string Cluster = "";

    private SqliteConnection? _connection;
    private readonly Dictionary<string, SqliteCommand> _commands = [];

    public SqliteTransaction Begin() => Open().BeginTransaction();

    public void Put(SqliteTransaction transaction, in StoredBlock block)
    {
        var command = Prepared(
            "INSERT INTO Blocks (Kind, Step, Name, AtMs, Bytes) VALUES ($a, $b, $c, $d, $e) ON CONFLICT (Kind, Step, Name, AtMs) DO UPDATE SET Bytes = excluded.Bytes", 5);
        command.Transaction = transaction;
        Bind(command, (long)block.Kind, (long)block.Level.Step, block.Name, block.AtMs, block.Bytes);
        command.ExecuteNonQuery();
    }

    public void DeleteServices(SqliteTransaction transaction, long atMs) =>
        Execute(transaction, "DELETE FROM Blocks WHERE Kind = 2 AND Step = 1 AND AtMs = $a", atMs);

    public Block? Read(BlockKind kind, Level level, string name, long atMs)
    {
        var command = Prepared("SELECT Bytes FROM Blocks WHERE Kind = $a AND Step = $b AND Name = $c AND AtMs = $d", 4);
        Bind(command, (long)kind, (long)level.Step, name, atMs);
        return command.ExecuteScalar() is byte[] bytes && BlockCodec.Read(bytes) is { } block && block.Columns == level.Columns ? block : null;
    }

    /// <summary>All blocks of a kind that begin at a moment; those that cannot be read are left out.</summary>
    public List<(string Name, Block Block)> ReadAll(BlockKind kind, Level level, long atMs)
    {
        var command = Prepared("SELECT Name, Bytes FROM Blocks WHERE Kind = $a AND Step = $b AND AtMs = $c", 3);
        Bind(command, (long)kind, (long)level.Step, atMs);
        using var row = command.ExecuteReader();
        var blocks = new List<(string, Block)>();
        while (row.Read())
        {
            if (BlockCodec.Read(row.GetFieldValue<byte[]>(1)) is { } block && block.Columns == level.Columns)
                blocks.Add((row.GetString(0), block));
        }

        return blocks;
    }

    /// <summary>The node's last block before a moment, or its first one after.</summary>
    public (long AtMs, Block Block)? Near(string node, long atMs, bool after, long notBeyondMs)
    {
        var command = Prepared(after
            ? "SELECT AtMs, Bytes FROM Blocks WHERE Kind = 1 AND Step = 1 AND Name = $a AND AtMs > $b AND AtMs <= $c ORDER BY AtMs LIMIT 1"
            : "SELECT AtMs, Bytes FROM Blocks WHERE Kind = 1 AND Step = 1 AND Name = $a AND AtMs < $b AND AtMs >= $c ORDER BY AtMs DESC LIMIT 1", 3);
        Bind(command, node, atMs, notBeyondMs);
        using var row = command.ExecuteReader();
        return row.Read() && BlockCodec.Read(row.GetFieldValue<byte[]>(1)) is { Columns: 60 } block ? (row.GetInt64(0), block) : null;
    }

    /// <summary>A node's finest blocks that begin within a stretch, oldest first; those that cannot be read are left out.</summary>
    public List<(long AtMs, Block Block)> Minutes(string node, long fromMs, long toMs)
    {
        var command = Prepared("SELECT AtMs, Bytes FROM Blocks WHERE Kind = 1 AND Step = 1 AND Name = $a AND AtMs >= $b AND AtMs < $c ORDER BY AtMs", 3);
        Bind(command, node, fromMs, toMs);
        using var row = command.ExecuteReader();
        var minutes = new List<(long, Block)>();
        while (row.Read())
        {
            if (BlockCodec.Read(row.GetFieldValue<byte[]>(1)) is { } block && block.Columns == Level.Finest.Columns)
                minutes.Add((row.GetInt64(0), block));
        }

        return minutes;
    }

    /// <summary>Nodes that have blocks: one look-up each, however many blocks there are.</summary>
    public List<string> NodeNames()
    {
        var command = Prepared("SELECT MIN(Name) FROM Blocks WHERE Kind = 1 AND Step = 1 AND Name > $a", 1);
        var names = new List<string>();
        for (string last = ""; ;)
        {
            Bind(command, last);
            if (command.ExecuteScalar() is not string name)
                return names;
            names.Add(last = name);
        }
    }

    public long FoldedToId()
    {
        var command = Prepared("SELECT Bytes FROM Blocks WHERE Kind = 0 AND Step = 0 AND Name = '' AND AtMs = 0", 0);
        return command.ExecuteScalar() is byte[] { Length: 8 } bytes ? BinaryPrimitives.ReadInt64LittleEndian(bytes) : 0;
    }

    public void MarkFolded(SqliteTransaction transaction, long id)
    {
        byte[] bytes = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, id);
        var command = Prepared(
            "INSERT INTO Blocks (Kind, Step, Name, AtMs, Bytes) VALUES (0, 0, '', 0, $a) ON CONFLICT (Kind, Step, Name, AtMs) DO UPDATE SET Bytes = excluded.Bytes", 1);
        command.Transaction = transaction;
        Bind(command, bytes);
        command.ExecuteNonQuery();
    }

    /// <summary>Frames behind a row, to be folded after a restart.</summary>
    public List<(string Node, long AtMs, long Id)> FramesAfter(long id, long aheadMs)
    {
        var command = Prepared(
            "SELECT Node, AtMs, Id FROM Frames WHERE Id > $a AND AtMs > 0 AND AtMs <= ReceivedMs + $b", 2);
        Bind(command, id, aheadMs);
        using var row = command.ExecuteReader();
        var frames = new List<(string, long, long)>();
        while (row.Read())
            frames.Add((row.GetString(0), row.GetInt64(1), row.GetInt64(2)));
        return frames;
    }

    /// <summary>A node's frames within a stretch, and the last one before it, in the order in which they were made.</summary>
    public List<StoredFrame> Frames(string node, long fromMs, long toMs, long notBeforeMs)
    {
        var frames = new List<StoredFrame>();
        var before = Prepared(
            "SELECT StartedAtMs, Sequence, AtMs, ReceivedMs, Bytes FROM Frames WHERE Node = $a AND AtMs < $b AND AtMs >= $c ORDER BY AtMs DESC LIMIT 1", 3);
        Bind(before, node, fromMs, notBeforeMs);
        Add(before);
        var within = Prepared(
            "SELECT StartedAtMs, Sequence, AtMs, ReceivedMs, Bytes FROM Frames WHERE Node = $a AND AtMs >= $b AND AtMs <= $c ORDER BY StartedAtMs, Sequence", 3);
        Bind(within, node, fromMs, toMs);
        Add(within);
        return frames;

        void Add(SqliteCommand command)
        {
            using var row = command.ExecuteReader();
            while (row.Read())
                frames.Add(new StoredFrame(node, row.GetInt64(0), (ulong)row.GetInt64(1), row.GetInt64(2), row.GetInt64(3), row.GetFieldValue<byte[]>(4)));
        }
    }

    /// <summary>What a node's frames of a minute tell besides numbers.</summary>
    /// <param name="isAgain">The minute was folded before: what late frames have closed since is no gap any more.</param>
    public void PutFacts(SqliteTransaction transaction, string node, long minuteMs, IEnumerable<GapSpan> gaps, IEnumerable<SettingChange> settings, bool isAgain)
    {
        if (isAgain)
        {
            Execute(
                transaction, $"DELETE FROM Gaps WHERE Node = $a AND ToMs > $b AND ToMs <= $c AND Kind IN ({(int)GapKind.SequenceJump}, {(int)GapKind.Silent}, {(int)GapKind.Started})",
                node, minuteMs, minuteMs + Level.MinuteMs);
        }

        foreach (var gap in gaps)
        {
            Execute(
                transaction, "INSERT INTO Gaps (Node, Kind, FromMs, ToMs, Text) SELECT $a, $b, $c, $d, $e WHERE NOT EXISTS "
                    + "(SELECT 1 FROM Gaps WHERE FromMs = $c AND Node = $a AND Kind = $b AND ToMs = $d)",
                node, (long)gap.Kind, gap.FromMs, gap.ToMs, gap.Text);
        }

        foreach (var setting in settings)
        {
            Execute(
                transaction, "INSERT INTO Settings (Node, AtMs, Name, Before, After) SELECT $a, $b, $c, $d, $e WHERE NOT EXISTS "
                    + "(SELECT 1 FROM Settings WHERE AtMs = $b AND Node = $a AND Name = $c)",
                node, setting.AtMs, setting.Name, setting.Before, setting.After);
        }
    }

    /// <summary>The end of the gap that lies over a moment, where late frames have not filled it yet.</summary>
    public long? GapEnd(string node, long atMs)
    {
        var command = Prepared(
            $"SELECT MIN(ToMs) FROM Gaps WHERE Node = $a AND FromMs <= $b AND ToMs > $b AND Kind IN ({(int)GapKind.SequenceJump}, {(int)GapKind.Silent}, {(int)GapKind.Started})", 2);
        Bind(command, node, atMs);
        return command.ExecuteScalar() as long?;
    }

    public int Execute(SqliteTransaction? transaction, string sql, params object[] values)
    {
        ArgumentNullException.ThrowIfNull(values);
        var command = Prepared(sql, values.Length);
        command.Transaction = transaction;
        Bind(command, values);
        return command.ExecuteNonQuery();
    }

    public long Number(string sql, params object[] values)
    {
        ArgumentNullException.ThrowIfNull(values);
        var command = Prepared(sql, values.Length);
        command.Transaction = null;
        Bind(command, values);
        return command.ExecuteScalar() as long? ?? 0;
    }

    public void Dispose()
    {
        foreach (var command in _commands.Values)
            command.Dispose();
        _connection?.Dispose();
    }

    private SqliteConnection Open()
    {
        if (_connection is not null)
            return _connection;
        using var db = databases.CreateDbContext();
        var connection = new SqliteConnection(db.Database.GetConnectionString()) { DefaultTimeout = BusySeconds };
        connection.Open();
        return _connection = connection;
    }

    // Parameters are $a, $b, … in the order of the values.
    private SqliteCommand Prepared(string sql, int parameters)
    {
        if (_commands.TryGetValue(sql, out var command))
            return command;
        command = Open().CreateCommand();
        command.CommandText = sql;
        for (int i = 0; i < parameters; i++)
            command.Parameters.Add(new SqliteParameter { ParameterName = "$" + (char)('a' + i), Value = DBNull.Value });
        return _commands[sql] = command;
    }

    private static void Bind(SqliteCommand command, params object[] values)
    {
        for (int i = 0; i < values.Length; i++)
            command.Parameters[i].Value = values[i];
    }
}
