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

    private SqliteConnection? _connection;
    private SqliteCommand _insert = null!;
    private SqliteCommand _read = null!;
    private long _bytes;

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

        transaction.Commit();
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
    public void Trim()
    {
        using var command = Open().CreateCommand();
        command.CommandText = "SELECT Id, ReceivedMs, LENGTH(Bytes) FROM Frames ORDER BY Id LIMIT $rows";
        command.Parameters.AddWithValue("$rows", TrimRows);
        long beforeMs = time.GetUtcNow().ToUnixTimeMilliseconds() - (long)retention.Age.TotalMilliseconds;
        long last = 0, freed = 0;
        using (var row = command.ExecuteReader())
        {
            while (row.Read() && (row.GetInt64(1) < beforeMs || _bytes - freed > retention.Bytes))
            {
                last = row.GetInt64(0);
                freed += row.GetInt64(2);
            }
        }

        if (last == 0)
            return;
        using var delete = Open().CreateCommand();
        delete.CommandText = "DELETE FROM Frames WHERE Id <= $last";
        delete.Parameters.AddWithValue("$last", last);
        delete.ExecuteNonQuery();
        _bytes -= freed;
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
        return _connection = connection;
    }
}
