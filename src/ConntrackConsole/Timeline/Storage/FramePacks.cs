using System.Diagnostics;
using System.Text;
using ConntrackConsole.Storage;
using ConntrackConsole.Timeline.Blocks;

namespace ConntrackConsole.Timeline.Storage;

/// <summary>
/// The rollup's side of the stored frames: reads a node's frames, and packs those of a rolled-up minute into one row. The single
/// rows are deleted once all nodes' are packed, because they lie in the order of arrival: one node's are on as many pages.
/// </summary>
internal sealed class FramePacks(BlockArchive blocks, FrameArchive archive)
{
    // So many rows are written in three seconds by the largest cluster.
    private const int MaxDeleted = 20_000;
    // In one transaction: after an upgrade a node has a day of single rows.
    private const int MaxMinutes = 60;
    // How long a range is kept in which no frame was stored any more: a collector that was away for longer sends its frames again.
    private const long RunRetentionMs = 30 * 24 * 3_600_000L;

    private readonly FrameBuffer _minute = new();
    private readonly StringBuilder _json = new();
    private readonly List<(string Node, List<long> Rows)> _uncommitted = [];
    private readonly List<(string Node, long Run, ulong First, ulong Last)> _deletedRuns = [];
    private long _uncommittedBytes;
    private long _deletedTo;

    private BulkConnection Rows => blocks.Rows;

    /// <summary>
    /// Reads a node's frames within an interval in the order in which they were made, and before them the last one before the
    /// interval.
    /// </summary>
    public void Read(string node, long fromMs, long toMs, long notBeforeMs, FrameBuffer into)
    {
        ArgumentNullException.ThrowIfNull(into);
        into.Clear();
        var rows = archive.Index.Rows(node, fromMs, toMs);
        if (archive.Index.LastRowBefore(node, fromMs, notBeforeMs) is { } before)
            rows.Add(before.Id);
        AddRows(rows, into);
        long firstMinute = Level.MinuteOf(fromMs);
        AddPacks(
            "SELECT Bytes FROM FramePacks WHERE Node = $a AND MinuteMs >= $b AND MinuteMs <= $c", into, node, firstMinute, Level.MinuteOf(toMs));
        bool hasBefore = false;
        for (int i = 0; i < into.Frames.Count && !hasBefore; i++)
            hasBefore = into.Frames[i].AtMs < fromMs;
        if (!hasBefore)
        {
            AddPacks(
                "SELECT Bytes FROM FramePacks WHERE Node = $a AND MinuteMs < $b AND MinuteMs >= $c ORDER BY MinuteMs DESC LIMIT 1",
                into, node, firstMinute, notBeforeMs - Level.MinuteMs);
        }

        into.Limit(fromMs, toMs, notBeforeMs, out bool hadBefore);
        into.Sort(hadBefore ? 1 : 0);
    }

    /// <summary>Packs a node's frames, minute by minute; within the caller's transaction; <see cref="Committed"/> or <see cref="RolledBack"/> must follow.</summary>
    /// <param name="endedBeforeMs">Frames up to this timestamp are packed, and later ones up to a row that is rolled up.</param>
    public void Pack(string node, long endedBeforeMs, long rolledUpToId)
    {
        foreach (var (minuteMs, rows) in archive.Index.Minutes(node, endedBeforeMs, rolledUpToId, MaxMinutes))
        {
            _minute.Clear();
            AddRows(rows, _minute);
            // What else the minute has: late frames, and frames that an earlier run packed but did not delete.
            AddPacks("SELECT Bytes FROM FramePacks WHERE Node = $a AND MinuteMs = $b AND $c = 0", _minute, node, minuteMs, 0);
            _minute.Sort();
            if (_minute.Frames.Count > 0)
                Put(node, minuteMs, rows[^1]);
            _uncommitted.Add((node, rows));
        }
    }

    /// <summary>The transaction was committed: the single rows are not needed any more, and memory forgets the ranges that were deleted.</summary>
    public void Committed()
    {
        foreach (var (node, rows) in _uncommitted)
            archive.Index.Remove(node, rows);
        foreach (var (node, run, first, last) in _deletedRuns)
            archive.Index.RemoveRange(node, run, first, last);
        archive.Packed(_uncommittedBytes);
        RolledBack();
    }

    public void RolledBack()
    {
        _uncommitted.Clear();
        _deletedRuns.Clear();
        _uncommittedBytes = 0;
    }

    /// <summary>Packs what is rolled up and was never due: frames with impossible timestamps, and those of an earlier version.</summary>
    public void PackRest(long rolledUpToId, long budgetMs)
    {
        long begun = Stopwatch.GetTimestamp();
        foreach (string node in archive.Index.NodesUpTo(rolledUpToId))
        {
            if (Stopwatch.GetElapsedTime(begun).TotalMilliseconds > budgetMs)
                return;
            try
            {
                using var transaction = blocks.Begin();
                Pack(node, long.MinValue, rolledUpToId);
                transaction.Commit();
                Committed();
            }
            finally
            {
                RolledBack();
            }
        }
    }

    /// <summary>Deletes a batch of single rows that are all packed and rolled up.</summary>
    public void DeletePacked(long rolledUpToId)
    {
        long to = Math.Min(rolledUpToId, archive.Index.FirstRow - 1);
        if (to <= _deletedTo)
            return;
        long first = Rows.Number("SELECT MIN(Id) FROM Frames");
        if (first == 0 || first > to)
        {
            _deletedTo = to;
            return;
        }

        to = Math.Min(to, first + MaxDeleted);
        long bytes = Rows.Number("SELECT SUM(LENGTH(Bytes)) FROM Frames WHERE Id <= $a", to);
        Rows.Execute("DELETE FROM Frames WHERE Id <= $a", to);
        archive.Deleted(bytes);
        _deletedTo = to;
    }

    /// <summary>
    /// Deletes a batch of ranges of sequence numbers that were not extended for long; within the caller's transaction; <see cref="Committed"/> or
    /// <see cref="RolledBack"/> must follow.
    /// </summary>
    public void DeleteRuns(long nowMs)
    {
        using var row = Rows.Read(
            "DELETE FROM FrameRuns WHERE (Node, StartedAtMs, FirstSequence) IN (SELECT Node, StartedAtMs, FirstSequence FROM FrameRuns WHERE LastMs < $a LIMIT 500) "
            + "RETURNING Node, StartedAtMs, FirstSequence, LastSequence",
            nowMs - RunRetentionMs);
        while (row.Read())
            _deletedRuns.Add((row.GetString(0), row.GetInt64(1), (ulong)row.GetInt64(2), (ulong)row.GetInt64(3)));
    }

    /// <summary>Frames after a row, to be rolled up after a restart.</summary>
    public List<(string Node, long AtMs)> After(long id, long aheadMs)
    {
        var frames = new List<(string, long)>();
        using (var row = Rows.Read("SELECT Node, AtMs FROM Frames WHERE Id > $a AND AtMs > 0 AND AtMs <= ReceivedMs + $b", id, aheadMs))
        {
            while (row.Read())
                frames.Add((row.GetString(0), row.GetInt64(1)));
        }

        using var pack = Rows.Read("SELECT Node, FirstMs, LastMs FROM FramePacks WHERE LastId > $a AND FirstMs > 0 AND LastMs <= ReceivedMs + $b", id, aheadMs);
        while (pack.Read())
        {
            frames.Add((pack.GetString(0), pack.GetInt64(1)));
            frames.Add((pack.GetString(0), pack.GetInt64(2)));
        }

        return frames;
    }

    private void Put(string node, long minuteMs, long lastId)
    {
        var frames = _minute.Frames;
        long firstMs = long.MaxValue, lastMs = long.MinValue, receivedMs = 0;
        foreach (var frame in frames)
            (firstMs, lastMs, receivedMs) = (Math.Min(firstMs, frame.AtMs), Math.Max(lastMs, frame.AtMs), Math.Max(receivedMs, frame.ReceivedMs));
        byte[] bytes = _minute.Pack();
        Rows.Execute(
            "INSERT INTO FramePacks (Node, MinuteMs, FirstMs, LastMs, ReceivedMs, LastId, Bytes) VALUES ($a, $b, $c, $d, $e, $f, $g) "
            + "ON CONFLICT (Node, MinuteMs) DO UPDATE SET FirstMs = excluded.FirstMs, LastMs = excluded.LastMs, ReceivedMs = excluded.ReceivedMs, "
            + "LastId = MAX(LastId, excluded.LastId), Bytes = excluded.Bytes",
            node, minuteMs, firstMs, lastMs, receivedMs, lastId, bytes);
        // Each run is a stretch of the frames, which are in their order.
        for (int from = 0, at = 1; at <= frames.Count; at++)
        {
            if (at < frames.Count && frames[at].Run == frames[from].Run)
                continue;
            PutRun(node, frames[from].Run, frames[from].Sequence, frames[at - 1].Sequence, receivedMs);
            from = at;
        }

        _uncommittedBytes += bytes.Length;
    }

    // Ranges of memory are of stored frames only, so those beyond the pack are stored too.
    private void PutRun(string node, long run, ulong first, ulong last, long receivedMs)
    {
        foreach (var range in archive.Index.Ranges(node, run, first, last))
        {
            Rows.Execute(
                "DELETE FROM FrameRuns WHERE Node = $a AND StartedAtMs = $b AND FirstSequence > $c AND FirstSequence <= $d", node, run, (long)range.First, (long)range.Last);
            Rows.Execute(
                "INSERT INTO FrameRuns (Node, StartedAtMs, FirstSequence, LastSequence, LastMs) VALUES ($a, $b, $c, $d, $e) "
                + "ON CONFLICT (Node, StartedAtMs, FirstSequence) DO UPDATE SET LastSequence = excluded.LastSequence, LastMs = excluded.LastMs",
                node, run, (long)range.First, (long)range.Last, receivedMs);
        }
    }

    private void AddRows(List<long> ids, FrameBuffer into)
    {
        if (ids.Count == 0)
            return;
        _json.Clear().Append('[').AppendJoin(',', ids).Append(']');
        using var row = Rows.Read(FrameArchive.ByIds, _json.ToString());
        FrameArchive.AddRows(row, into);
    }

    private void AddPacks(string sql, FrameBuffer into, string node, long from, long to)
    {
        using var row = Rows.Read(sql, node, from, to);
        while (row.Read())
            FrameArchive.AddPack(row, into);
    }
}
