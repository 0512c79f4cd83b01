using System.Data.Common;
using ConntrackConsole.Storage;
using Microsoft.EntityFrameworkCore;

namespace ConntrackConsole.Timeline.Storage;

/// <param name="Run">When the collector that made it started: node, run and sequence identify the frame.</param>
/// <param name="ReceivedMs">By the console's clock.</param>
internal sealed record StoredFrame(string Node, long Run, ulong Sequence, long AtMs, long ReceivedMs, byte[] Bytes);

/// <summary>Limits of the stored raw frames.</summary>
internal sealed record FrameRetention(TimeSpan Age, long Bytes)
{
    public static readonly FrameRetention Default = new(TimeSpan.FromHours(24), 2048L * 1024 * 1024);
}

/// <summary>
/// The frames on disk as they were received: acknowledged frames are stored here, and the timeline of the last hour is rebuilt
/// from them after a restart. One writer, the apply loop, with prepared commands on its own connection.
/// </summary>
internal sealed class FrameArchive(IDbContextFactory<ConsoleDb> databases, FrameRetention retention, TimeProvider time) : IDisposable
{
    private const int TrimRows = 10_000;

    // The apply loop waits meanwhile: retrying later is better than stopping the live view.
    private const int BusySeconds = 2;

    // A minute is rolled up two minutes after its end, and the rollup also reads the frames of the minute before and after it.
    private const long RollupDelayMs = 300_000;

    private readonly BulkConnection _rows = new(databases, BusySeconds);
    private bool _isOpen;
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

    /// <summary>Commits the frames in one transaction.</summary>
    /// <returns>For each frame whether it is new; a frame that is already stored is left unchanged.</returns>
    /// <exception cref="DbException">None of them is stored.</exception>
    public bool[] Save(IReadOnlyList<StoredFrame> frames)
    {
        Open();
        bool[] isNew = new bool[frames.Count];
        long added = 0;
        using var transaction = _rows.Begin();
        for (int i = 0; i < isNew.Length; i++)
        {
            var frame = frames[i];
            isNew[i] = _rows.Execute(
                "INSERT INTO Frames (Node, StartedAtMs, Sequence, AtMs, ReceivedMs, Bytes) VALUES ($a, $b, $c, $d, $e, $f) "
                + "ON CONFLICT (Node, StartedAtMs, Sequence) DO NOTHING",
                frame.Node, frame.Run, (long)frame.Sequence, frame.AtMs, frame.ReceivedMs, frame.Bytes) == 1;
            added += isNew[i] ? frame.Bytes.Length : 0;
        }

        long lastId = _rows.Number("SELECT MAX(Id) FROM Frames");
        transaction.Commit();
        _lastId = Math.Max(_lastId, lastId);
        _bytes += added;
        return isNew;
    }

    /// <summary>A node's frames since a moment, in the order in which its collectors made them.</summary>
    public IEnumerable<StoredFrame> Read(string node, long sinceMs)
    {
        Open();
        using var row = _rows.Read(
            "SELECT StartedAtMs, Sequence, AtMs, ReceivedMs, Bytes FROM Frames WHERE Node = $a AND AtMs >= $b ORDER BY StartedAtMs, Sequence", node, sinceMs);
        while (row.Read())
            yield return new StoredFrame(node, row.GetInt64(0), (ulong)row.GetInt64(1), row.GetInt64(2), row.GetInt64(3), row.GetFieldValue<byte[]>(4));
    }

    /// <summary>The nodes that reported since a moment, each with its first timestamp.</summary>
    public List<(string Node, long FirstMs)> NodesSince(long sinceMs)
    {
        Open();
        using var row = _rows.Read("SELECT Node, MIN(AtMs) FROM Frames WHERE AtMs >= $a GROUP BY Node", sinceMs);
        var nodes = new List<(string, long)>();
        while (row.Read())
            nodes.Add((row.GetString(0), row.GetInt64(1)));
        return nodes;
    }

    /// <summary>Deletes the oldest frames that exceed the age or size limit: one small batch, so that it never takes long.</summary>
    /// <param name="rolledUpToId">Only frames up to this row are in blocks: later ones are kept.</param>
    public void Trim(long rolledUpToId = long.MaxValue)
    {
        Open();
        var pins = Pins();
        // Rows that a removed pin protected may be deleted now.
        if (!pins.SequenceEqual(_keptFor))
            _keptToId = 0;
        _keptFor = pins;
        long nowMs = time.GetUtcNow().ToUnixTimeMilliseconds();
        long beforeMs = nowMs - (long)retention.Age.TotalMilliseconds;
        long last = 0, freed = 0;
        var gone = new List<long>();
        using (var row = _rows.Read(
            "SELECT Id, AtMs, ReceivedMs, LENGTH(Bytes) FROM Frames WHERE Id > $a AND Id <= $b ORDER BY Id LIMIT $c", _keptToId, rolledUpToId, (long)TrimRows))
        {
            while (row.Read() && (row.GetInt64(2) < beforeMs || _bytes - freed > retention.Bytes))
            {
                long atMs = row.GetInt64(1);
                // The last minutes are still being rolled up, and late frames of earlier minutes need their neighbours.
                if (rolledUpToId != long.MaxValue && row.GetInt64(2) > nowMs - RollupDelayMs)
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
        using var transaction = _rows.Begin();
        foreach (long id in gone)
            _rows.Execute("DELETE FROM Frames WHERE Id = $a", id);
        transaction.Commit();
        // Pinned rows are kept; they are not checked again until the pins change.
        _keptToId = pins.Count > 0 ? last : 0;
        _bytes -= freed;
    }

    private List<(long FromMs, long ToMs)> Pins()
    {
        using var row = _rows.Read("SELECT FromMs, ToMs FROM Pins ORDER BY Id");
        var pins = new List<(long, long)>();
        while (row.Read())
            pins.Add((row.GetInt64(0), row.GetInt64(1)));
        return pins;
    }

    public void Dispose() => _rows.Dispose();

    private void Open()
    {
        if (_isOpen)
            return;
        _bytes = _rows.Number("SELECT SUM(LENGTH(Bytes)) FROM Frames");
        _lastId = _rows.Number("SELECT MAX(Id) FROM Frames");
        _isOpen = true;
    }
}
