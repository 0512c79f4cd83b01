using System.Data.Common;
using ConntrackConsole.Storage;
using ConntrackConsole.Timeline.Blocks;
using Microsoft.EntityFrameworkCore;

namespace ConntrackConsole.Timeline.Storage;

/// <param name="Run">When the collector that made it started: node, run and sequence identify the frame.</param>
/// <param name="ReceivedMs">By the console's clock.</param>
internal readonly record struct StoredFrame(string Node, long Run, ulong Sequence, long AtMs, long ReceivedMs, byte[] Bytes);

/// <summary>Limits of the stored raw frames.</summary>
internal sealed record FrameRetention(TimeSpan Age, long Bytes)
{
    public static readonly FrameRetention Default = new(TimeSpan.FromHours(2), 2048L * 1024 * 1024);
}

/// <summary>
/// The frames on disk as they were received: acknowledged frames are stored here, and the timeline of the last hour is rebuilt
/// from them after a restart. Each has a row of its own, without any index, until the rollup packs its minute
/// (<see cref="FramePacks"/>). One writer, the apply loop, with prepared commands on its own connection.
/// </summary>
internal sealed class FrameArchive(IDbContextFactory<ConsoleDb> databases, FrameRetention retention, TimeProvider time) : IDisposable
{
    internal const string ByIds =
        "SELECT StartedAtMs, Sequence, AtMs, ReceivedMs, Id, Bytes FROM Frames WHERE Id IN (SELECT value FROM json_each($a))";

    private const int TrimRows = 10_000;

    // The apply loop waits meanwhile: retrying later is better than stopping the live view.
    private const int BusySeconds = 2;

    // A minute is rolled up two minutes after its end, and the rollup also reads the frames of the minute before and after it.
    private const long RollupDelayMs = 300_000;

    private readonly BulkConnection _rows = new(databases, BusySeconds);
    private readonly FrameIndex _index = new();
    private readonly Lock _openLock = new();
    private readonly FrameBuffer _buffer = new();
    private readonly HashSet<(string Node, long Run, ulong Sequence)> _batch = [];
    private bool _isOpen;
    private long _bytes;
    private long _keptToId;
    private List<(long FromMs, long ToMs)> _keptFor = [];
    private long _lastId;

    /// <summary>Which frames are stored, and where.</summary>
    public FrameIndex Index
    {
        get
        {
            Open();
            return _index;
        }
    }

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
    /// <returns>For each frame whether it is new; a frame that was stored before, however long ago, is not stored again.</returns>
    /// <exception cref="DbException">None of them is stored.</exception>
    public bool[] Save(IReadOnlyList<StoredFrame> frames)
    {
        Open();
        bool[] isNew = new bool[frames.Count];
        _batch.Clear();
        long added = 0, id = _lastId;
        using (var transaction = _rows.Begin())
        {
            var insert = _rows.Statement("INSERT INTO Frames (Id, Node, StartedAtMs, Sequence, AtMs, ReceivedMs, Bytes) VALUES (?, ?, ?, ?, ?, ?, ?)");
            for (int i = 0; i < isNew.Length; i++)
            {
                var frame = frames[i];
                isNew[i] = !_index.Contains(frame.Node, frame.Run, frame.Sequence) && _batch.Add((frame.Node, frame.Run, frame.Sequence));
                if (!isNew[i])
                    continue;
                insert.Bind(++id).Bind(frame.Node).Bind(frame.Run).Bind((long)frame.Sequence).Bind(frame.AtMs).Bind(frame.ReceivedMs).Bind(frame.Bytes).Execute();
                added += frame.Bytes.Length;
            }

            transaction.Commit();
        }

        // Only what is committed counts as stored.
        long next = _lastId;
        for (int i = 0; i < isNew.Length; i++)
        {
            if (isNew[i])
                _index.Add(frames[i].Node, frames[i].Run, frames[i].Sequence, frames[i].AtMs, ++next);
        }

        _lastId = id;
        Interlocked.Add(ref _bytes, added);
        return isNew;
    }

    /// <summary>A node's frames since a moment, in the order in which its collectors made them.</summary>
    public IEnumerable<StoredFrame> Read(string node, long sinceMs)
    {
        // The rows first: a frame that is packed meanwhile is in both, and the other way round it would be in neither.
        var ids = Index.Rows(node, sinceMs, long.MaxValue);
        _buffer.Clear();
        using (_rows.Begin(readOnly: true))
        {
            using (var pack = _rows.Read("SELECT Bytes FROM FramePacks WHERE Node = $a AND MinuteMs >= $b", node, Level.MinuteOf(sinceMs)))
            {
                while (pack.Read())
                    AddPack(pack, _buffer);
            }

            using var row = _rows.Read(ByIds, "[" + string.Join(',', ids) + "]");
            AddRows(row, _buffer);
        }

        _buffer.Sort();
        foreach (var frame in _buffer.Frames.ToList())
        {
            if (frame.AtMs >= sinceMs)
                yield return new StoredFrame(node, frame.Run, frame.Sequence, frame.AtMs, frame.ReceivedMs, _buffer.Bytes(frame).ToArray());
        }
    }

    /// <summary>The nodes that reported since a moment, each with its first timestamp.</summary>
    public List<(string Node, long FirstMs)> NodesSince(long sinceMs)
    {
        var nodes = Index.NodesSince(sinceMs).ToDictionary();
        using var row = _rows.Read("SELECT Node, MIN(FirstMs) FROM FramePacks WHERE LastMs >= $a GROUP BY Node", sinceMs);
        while (row.Read())
            nodes[row.GetString(0)] = Math.Min(Math.Max(sinceMs, row.GetInt64(1)), nodes.GetValueOrDefault(row.GetString(0), long.MaxValue));
        return [.. nodes.Select(n => (n.Key, n.Value))];
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
        // The last minutes are still being rolled up, and late frames of earlier minutes need their neighbours.
        long notAfterMs = rolledUpToId == long.MaxValue ? long.MaxValue : nowMs - RollupDelayMs;
        long bytes = Interlocked.Read(ref _bytes), last = 0, freed = 0;
        var gone = new List<long>();
        using (var row = _rows.Read(
            "SELECT Id, FirstMs, LastMs, ReceivedMs, LENGTH(Bytes), LastId FROM FramePacks WHERE Id > $a ORDER BY Id LIMIT $b", _keptToId, (long)TrimRows))
        {
            while (row.Read() && (row.GetInt64(3) < beforeMs || bytes - freed > retention.Bytes))
            {
                if (row.GetInt64(5) > rolledUpToId || row.GetInt64(3) > notAfterMs)
                    break;
                last = row.GetInt64(0);
                long fromMs = row.GetInt64(1), toMs = row.GetInt64(2);
                if (pins.Exists(p => toMs >= p.FromMs && fromMs <= p.ToMs))
                    continue;
                gone.Add(last);
                freed += row.GetInt64(4);
            }
        }

        if (last == 0)
            return;
        using var transaction = _rows.Begin();
        foreach (long id in gone)
            _rows.Execute("DELETE FROM FramePacks WHERE Id = $a", id);
        transaction.Commit();
        // Pinned ones are kept; they are not checked again until the pins change.
        _keptToId = pins.Count > 0 ? last : 0;
        Interlocked.Add(ref _bytes, -freed);
    }

    /// <summary>The size of what was packed, in addition to the single rows, which are deleted later.</summary>
    internal void Packed(long bytes) => Interlocked.Add(ref _bytes, bytes);

    /// <summary>The size of single rows that were deleted.</summary>
    internal void Deleted(long bytes) => Interlocked.Add(ref _bytes, -bytes);

    /// <summary>Adds the rows of <see cref="ByIds"/>.</summary>
    internal static void AddRows(DbDataReader row, FrameBuffer into)
    {
        while (row.Read())
            into.Add(row.GetInt64(0), (ulong)row.GetInt64(1), row.GetInt64(2), row.GetInt64(3), row.GetInt64(4), BulkConnection.Blob(row, 5));
    }

    /// <summary>Adds the frames of a pack, the first column of a row; a damaged one is skipped: its minutes are in blocks.</summary>
    internal static void AddPack(DbDataReader row, FrameBuffer into) => into.AddPacked(BulkConnection.Blob(row, 0));

    private List<(long FromMs, long ToMs)> Pins()
    {
        using var row = _rows.Read("SELECT FromMs, ToMs FROM Pins ORDER BY Id");
        var pins = new List<(long, long)>();
        while (row.Read())
            pins.Add((row.GetInt64(0), row.GetInt64(1)));
        return pins;
    }

    public void Dispose() => _rows.Dispose();

    // Both the apply loop and the rollup may be first.
    private void Open()
    {
        lock (_openLock)
        {
            if (_isOpen)
                return;
            _bytes = _rows.Number("SELECT SUM(LENGTH(Bytes)) FROM FramePacks");
            _lastId = Math.Max(_rows.Number("SELECT MAX(LastId) FROM FramePacks"), _rows.Number("SELECT seq FROM sqlite_sequence WHERE name = 'Frames'"));
            using (var run = _rows.Read("SELECT Node, StartedAtMs, FirstSequence, LastSequence FROM FrameRuns"))
            {
                while (run.Read())
                    _index.AddRange(run.GetString(0), run.GetInt64(1), (ulong)run.GetInt64(2), (ulong)run.GetInt64(3));
            }

            using (var row = _rows.Read("SELECT Node, StartedAtMs, Sequence, AtMs, Id, LENGTH(Bytes) FROM Frames ORDER BY Id"))
            {
                while (row.Read())
                {
                    _index.Add(row.GetString(0), row.GetInt64(1), (ulong)row.GetInt64(2), row.GetInt64(3), row.GetInt64(4));
                    _lastId = Math.Max(_lastId, row.GetInt64(4));
                    _bytes += row.GetInt64(5);
                }
            }

            _isOpen = true;
        }
    }
}
