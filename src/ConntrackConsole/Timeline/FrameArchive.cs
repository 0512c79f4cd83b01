using ConntrackConsole.Storage;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;

namespace ConntrackConsole.Timeline;

/// <param name="Run">When the collector that made it started: with the node and the sequence it names the frame.</param>
/// <param name="ReceivedMs">By our clock.</param>
public sealed record StoredFrame(string Node, long Run, ulong Sequence, long AtMs, long ReceivedMs, byte[] Bytes);

/// <summary>How much of the raw frames is kept.</summary>
public sealed record FrameRetention(TimeSpan Age, long Bytes)
{
    public static readonly FrameRetention Usual = new(TimeSpan.FromHours(24), 2048L * 1024 * 1024);
}

/// <summary>
/// The frames as they came, on disk: what is acknowledged stands here, and the timeline of the last hour is made from it
/// again after a restart. One writer, the apply loop, with prepared commands on a connection of its own.
/// </summary>
public sealed class FrameArchive(IDbContextFactory<ConsoleDb> databases, FrameRetention retention, TimeProvider time) : IDisposable
{
    private const int TrimRows = 10_000;

    // The apply loop waits meanwhile: rather try again than let the live view stand still.
    private const int BusySeconds = 2;

    // A minute is folded two minutes after its end, and its frames are read for the minute before and after it too.
    private const long FoldingMs = 300_000;

    private SqliteConnection? _connection;
    private SqliteCommand _insert = null!;
    private SqliteCommand _read = null!;
    private long _bytes;
    private long _keptToId;
    private List<(long FromMs, long ToMs)> _keptFor = [];
    private long _lastId;

    /// <summary>The row that was stored last.</summary>
    public long LastId
    {
        get
        {
            Open();
            return _lastId;
        }
    }

    /// <summary>Commits the frames together.</summary>
    /// <returns>For each whether it is new; one that came before is left as it is.</returns>
    /// <exception cref="SqliteException">None of them is stored.</exception>
    public bool[] Save(IReadOnlyList<StoredFrame> frames)
    {
        var connection = Open();
        bool[] isNew = new bool[frames.Count];
        long added = 0;
        using var transaction = connection.BeginTransaction();
        _insert.Transaction = transaction;
        for (int i = 0; i < isNew.Length; i++)
        {
            var frame = frames[i];
            _insert.Parameters[0].Value = frame.Node;
            _insert.Parameters[1].Value = frame.Run;
            _insert.Parameters[2].Value = (long)frame.Sequence;
            _insert.Parameters[3].Value = frame.AtMs;
            _insert.Parameters[4].Value = frame.ReceivedMs;
            _insert.Parameters[5].Value = frame.Bytes;
            isNew[i] = _insert.ExecuteNonQuery() == 1;
            added += isNew[i] ? frame.Bytes.Length : 0;
        }

        using var last = connection.CreateCommand();
        last.Transaction = transaction;
        last.CommandText = "SELECT COALESCE(MAX(Id), 0) FROM Frames";
        long lastId = (long)last.ExecuteScalar()!;
        transaction.Commit();
        _lastId = Math.Max(_lastId, lastId);
        _bytes += added;
        return isNew;
    }

    /// <summary>A node's frames since a moment, in the order in which its collectors made them.</summary>
    public IEnumerable<StoredFrame> Read(string node, long sinceMs)
    {
        Open();
        _read.Parameters[0].Value = node;
        _read.Parameters[1].Value = sinceMs;
        using var row = _read.ExecuteReader();
        while (row.Read())
            yield return new StoredFrame(node, row.GetInt64(0), (ulong)row.GetInt64(1), row.GetInt64(2), row.GetInt64(3), row.GetFieldValue<byte[]>(4));
    }

    /// <summary>The nodes that told anything since a moment, each with its first time.</summary>
    public List<(string Node, long FirstMs)> NodesSince(long sinceMs)
    {
        using var command = Open().CreateCommand();
        command.CommandText = "SELECT Node, MIN(AtMs) FROM Frames WHERE AtMs >= $since GROUP BY Node";
        command.Parameters.AddWithValue("$since", sinceMs);
        using var row = command.ExecuteReader();
        var nodes = new List<(string, long)>();
        while (row.Read())
            nodes.Add((row.GetString(0), row.GetInt64(1)));
        return nodes;
    }

    /// <summary>Deletes the oldest frames that are too old or too many: a portion, so that it never takes long.</summary>
    /// <param name="foldedToId">Only up to this row are the frames in blocks: what comes after it stays.</param>
    public void Trim(long foldedToId = long.MaxValue)
    {
        var connection = Open();
        var pins = Pins(connection);
        // What one pin held back may go without it.
        if (!pins.SequenceEqual(_keptFor))
            _keptToId = 0;
        _keptFor = pins;
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT Id, AtMs, ReceivedMs, LENGTH(Bytes) FROM Frames WHERE Id > $kept AND Id <= $folded ORDER BY Id LIMIT $rows";
        command.Parameters.AddWithValue("$kept", _keptToId);
        command.Parameters.AddWithValue("$folded", foldedToId);
        command.Parameters.AddWithValue("$rows", TrimRows);
        long nowMs = time.GetUtcNow().ToUnixTimeMilliseconds();
        long beforeMs = nowMs - (long)retention.Age.TotalMilliseconds;
        long last = 0, freed = 0;
        var gone = new List<long>();
        using (var row = command.ExecuteReader())
        {
            while (row.Read() && (row.GetInt64(2) < beforeMs || _bytes - freed > retention.Bytes))
            {
                long atMs = row.GetInt64(1);
                // The last minutes are still being folded, and late frames of the minutes before want their neighbours.
                if (foldedToId != long.MaxValue && row.GetInt64(2) > nowMs - FoldingMs)
                    break;
                last = row.GetInt64(0);
                if (pins.Exists(p => atMs >= p.FromMs && atMs <= p.ToMs))
                    continue;
                gone.Add(last);
                freed += row.GetInt64(3);
            }
        }

        if (last == 0)
            return;
        using var delete = connection.CreateCommand();
        using var transaction = connection.BeginTransaction();
        delete.Transaction = transaction;
        delete.CommandText = "DELETE FROM Frames WHERE Id = $id";
        var id = delete.Parameters.Add("$id", SqliteType.Integer);
        foreach (long each in gone)
        {
            id.Value = each;
            delete.ExecuteNonQuery();
        }

        transaction.Commit();
        // Pinned ones stay behind; they are not looked at again until the pins change.
        _keptToId = pins.Count > 0 ? last : 0;
        _bytes -= freed;
    }

    private static List<(long FromMs, long ToMs)> Pins(SqliteConnection connection)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT FromMs, ToMs FROM Pins ORDER BY Id";
        using var row = command.ExecuteReader();
        var pins = new List<(long, long)>();
        while (row.Read())
            pins.Add((row.GetInt64(0), row.GetInt64(1)));
        return pins;
    }

    public void Dispose()
    {
        _insert?.Dispose();
        _read?.Dispose();
        _connection?.Dispose();
    }

    private SqliteConnection Open()
    {
        if (_connection is not null)
            return _connection;
        using var db = databases.CreateDbContext();
        var connection = new SqliteConnection(db.Database.GetConnectionString()) { DefaultTimeout = BusySeconds };
        connection.Open();
        _insert = connection.CreateCommand();
        _insert.CommandText =
            "INSERT INTO Frames (Node, StartedAtMs, Sequence, AtMs, ReceivedMs, Bytes) VALUES ($node, $run, $sequence, $at, $received, $bytes) "
            + "ON CONFLICT (Node, StartedAtMs, Sequence) DO NOTHING";
        foreach (string name in (string[])["$node", "$run", "$sequence", "$at", "$received", "$bytes"])
            _insert.Parameters.Add(new SqliteParameter { ParameterName = name });
        _insert.Parameters[0].SqliteType = SqliteType.Text;
        for (int i = 1; i <= 4; i++)
            _insert.Parameters[i].SqliteType = SqliteType.Integer;
        _insert.Parameters[5].SqliteType = SqliteType.Blob;
        _insert.Prepare();
        _read = connection.CreateCommand();
        _read.CommandText =
            "SELECT StartedAtMs, Sequence, AtMs, ReceivedMs, Bytes FROM Frames WHERE Node = $node AND AtMs >= $since ORDER BY StartedAtMs, Sequence";
        _read.Parameters.Add("$node", SqliteType.Text);
        _read.Parameters.Add("$since", SqliteType.Integer);
        _read.Prepare();
        using var size = connection.CreateCommand();
        size.CommandText = "SELECT COALESCE(SUM(LENGTH(Bytes)), 0) FROM Frames";
        _bytes = (long)size.ExecuteScalar()!;
        size.CommandText = "SELECT COALESCE(MAX(Id), 0) FROM Frames";
        _lastId = (long)size.ExecuteScalar()!;
        return _connection = connection;
    }
}
