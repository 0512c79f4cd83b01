using System.Buffers.Binary;
using ConntrackConsole.Storage;
using ConntrackConsole.Timeline.Blocks;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Wire;
using Microsoft.EntityFrameworkCore;

namespace ConntrackConsole.Timeline.Storage;

/// <summary>The subject of a block.</summary>
internal enum BlockKind : byte
{
    /// <summary>Name "": up to which row the frames are rolled up.</summary>
    Mark = 0,
    Node = 1,
    /// <summary>Name "" is the whole cluster: where anything was known, and all resets.</summary>
    Service = 2,
    /// <summary>A node's resets as it reported them (<see cref="ReportedResets"/>), one minute per block.</summary>
    ReportedResets = 3,
}

internal readonly record struct StoredBlock(BlockKind Kind, Level Level, string Name, long AtMs, byte[] Bytes);

/// <summary>The blocks on disk, and their facts. One writer, the rollup, on its own connection.</summary>
internal sealed class BlockArchive(IDbContextFactory<ConsoleDb> databases) : IDisposable
{
    private const int BusySeconds = 5;
    public const string Cluster = "";

    // Gaps between frames: late frames may close them.
    private static readonly string BetweenFrames = $"Kind IN ({(int)GapKind.SequenceJump}, {(int)GapKind.Silent}, {(int)GapKind.Started})";

    private static readonly string DeleteGaps = $"DELETE FROM Gaps WHERE Node = $a AND ToMs > $b AND ToMs <= $c AND {BetweenFrames}";

    private static readonly string GapOver = $"SELECT MIN(ToMs) FROM Gaps WHERE Node = $a AND FromMs <= $b AND ToMs > $b AND {BetweenFrames}";

    /// <summary>Also used for deleting old rows of other tables: with one writer there is no contention.</summary>
    internal BulkConnection Rows { get; } = new(databases, BusySeconds);

    public BulkTransaction Begin() => Rows.Begin();

    public void Put(in StoredBlock block) => Rows.Execute(
        "INSERT INTO Blocks (Kind, Step, Name, AtMs, Bytes) VALUES ($a, $b, $c, $d, $e) ON CONFLICT (Kind, Step, Name, AtMs) DO UPDATE SET Bytes = excluded.Bytes",
        (long)block.Kind, (long)block.Level.Step, block.Name, block.AtMs, block.Bytes);

    public void DeleteServices(long atMs) => Rows.Execute("DELETE FROM Blocks WHERE Kind = 2 AND Step = 1 AND AtMs = $a", atMs);

    /// <summary>Deletes a batch of the blocks that begin up to a moment; a block that overlaps a pin is kept.</summary>
    /// <returns>How many were deleted.</returns>
    public int Delete(BlockKind kind, Level level, long beforeMs, long max)
    {
        ArgumentNullException.ThrowIfNull(level);
        return Rows.Execute(
            "DELETE FROM Blocks WHERE Id IN (SELECT b.Id FROM Blocks b WHERE b.Kind = $a AND b.Step = $b AND b.AtMs <= $c "
            + "AND NOT EXISTS (SELECT 1 FROM Pins p WHERE b.AtMs <= p.ToMs AND b.AtMs + $d >= p.FromMs) ORDER BY b.AtMs LIMIT $e)",
            (long)kind, (long)level.Step, beforeMs, level.BlockMs, max);
    }

    public Block? Read(BlockKind kind, Level level, string name, long atMs) =>
        Rows.Scalar("SELECT Bytes FROM Blocks WHERE Kind = $a AND Step = $b AND Name = $c AND AtMs = $d", (long)kind, (long)level.Step, name, atMs) is byte[] bytes
        && BlockCodec.Read(bytes) is { } block && block.Columns == level.Columns ? block : null;

    /// <summary>All blocks of a kind that begin at a moment; unreadable ones are skipped.</summary>
    public List<(string Name, Block Block)> ReadAll(BlockKind kind, Level level, long atMs)
    {
        using var row = Rows.Read("SELECT Name, Bytes FROM Blocks WHERE Kind = $a AND Step = $b AND AtMs = $c", (long)kind, (long)level.Step, atMs);
        var blocks = new List<(string, Block)>();
        while (row.Read())
        {
            if (BlockCodec.Read(row.GetFieldValue<byte[]>(1)) is { } block && block.Columns == level.Columns)
                blocks.Add((row.GetString(0), block));
        }

        return blocks;
    }

    /// <summary>The nodes' reports of a minute, by node.</summary>
    public Dictionary<string, List<NodeFrame>> Reported(long minuteMs)
    {
        using var row = Rows.Read("SELECT Name, Bytes FROM Blocks WHERE Kind = 3 AND Step = 1 AND AtMs = $a", minuteMs);
        var nodes = new Dictionary<string, List<NodeFrame>>();
        while (row.Read())
            nodes[row.GetString(0)] = ReportedResets.Read(row.GetFieldValue<byte[]>(1));
        return nodes;
    }

    /// <summary>One node's reports of a minute; null if there were no reports.</summary>
    public List<NodeFrame>? Reported(string node, long minuteMs) =>
        Rows.Scalar("SELECT Bytes FROM Blocks WHERE Kind = 3 AND Step = 1 AND Name = $a AND AtMs = $b", node, minuteMs) is byte[] bytes ? ReportedResets.Read(bytes) : null;

    /// <summary>The cluster's resets of a minute by second and kind.</summary>
    public void PutResetSeconds(long minuteMs, IEnumerable<BlockReset> resets)
    {
        Rows.Execute("DELETE FROM ResetSeconds WHERE Second >= $a AND Second < $b", minuteMs / 1000, (minuteMs + Level.MinuteMs) / 1000);
        foreach (var sum in resets.GroupBy(r => (r.Column, r.Kind)))
        {
            Rows.Execute(
                "INSERT INTO ResetSeconds (Second, Kind, Count) VALUES ($a, $b, $c)",
                (minuteMs / 1000) + sum.Key.Column, (long)sum.Key.Kind, (long)sum.Sum(r => r.Count));
        }
    }

    /// <summary>The node's last block before a moment, or its first one after.</summary>
    public (long AtMs, Block Block)? Nearest(string node, long atMs, bool after, long notBeyondMs)
    {
        using var row = Rows.Read(
            after
                ? "SELECT AtMs, Bytes FROM Blocks WHERE Kind = 1 AND Step = 1 AND Name = $a AND AtMs > $b AND AtMs <= $c ORDER BY AtMs LIMIT 1"
                : "SELECT AtMs, Bytes FROM Blocks WHERE Kind = 1 AND Step = 1 AND Name = $a AND AtMs < $b AND AtMs >= $c ORDER BY AtMs DESC LIMIT 1",
            node, atMs, notBeyondMs);
        return row.Read() && BlockCodec.Read(row.GetFieldValue<byte[]>(1)) is { Columns: 60 } block ? (row.GetInt64(0), block) : null;
    }

    /// <summary>A node's finest blocks that begin within an interval, oldest first; unreadable ones are skipped.</summary>
    public List<(long AtMs, Block Block)> Minutes(string node, long fromMs, long toMs)
    {
        using var row = Rows.Read(
            "SELECT AtMs, Bytes FROM Blocks WHERE Kind = 1 AND Step = 1 AND Name = $a AND AtMs >= $b AND AtMs < $c ORDER BY AtMs", node, fromMs, toMs);
        var minutes = new List<(long, Block)>();
        while (row.Read())
        {
            if (BlockCodec.Read(row.GetFieldValue<byte[]>(1)) is { } block && block.Columns == Level.Finest.Columns)
                minutes.Add((row.GetInt64(0), block));
        }

        return minutes;
    }

    /// <summary>Nodes that have blocks: one index look-up per node, however many blocks there are.</summary>
    public List<string> NodeNames()
    {
        var names = new List<string>();
        for (string last = ""; ; names.Add(last))
        {
            if (Rows.Scalar("SELECT MIN(Name) FROM Blocks WHERE Kind = 1 AND Step = 1 AND Name > $a", last) is not string name)
                return names;
            last = name;
        }
    }

    /// <summary>The end of the last minute that is in the Services' blocks.</summary>
    public long RolledUpEndMs() => Rows.Number("SELECT MAX(AtMs) + 60000 FROM Blocks WHERE Kind = 2 AND Step = 1 AND Name = ''");

    public long RolledUpToId() =>
        Rows.Scalar("SELECT Bytes FROM Blocks WHERE Kind = 0 AND Step = 0 AND Name = '' AND AtMs = 0") is byte[] { Length: 8 } bytes ? BinaryPrimitives.ReadInt64LittleEndian(bytes) : 0;

    public void MarkRolledUp(long id)
    {
        byte[] bytes = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, id);
        Rows.Execute(
            "INSERT INTO Blocks (Kind, Step, Name, AtMs, Bytes) VALUES (0, 0, '', 0, $a) ON CONFLICT (Kind, Step, Name, AtMs) DO UPDATE SET Bytes = excluded.Bytes", bytes);
    }

    /// <summary>The row of the newest frame.</summary>
    public long LastFrameId() => Rows.Number("SELECT MAX(Id) FROM Frames");

    /// <summary>Frames after a row, to be rolled up after a restart.</summary>
    public List<(string Node, long AtMs, long Id)> FramesAfter(long id, long aheadMs)
    {
        using var row = Rows.Read("SELECT Node, AtMs, Id FROM Frames WHERE Id > $a AND AtMs > 0 AND AtMs <= ReceivedMs + $b", id, aheadMs);
        var frames = new List<(string, long, long)>();
        while (row.Read())
            frames.Add((row.GetString(0), row.GetInt64(1), row.GetInt64(2)));
        return frames;
    }

    /// <summary>A node's frames within an interval, and the last one before it, in the order in which they were made.</summary>
    public List<StoredFrame> Frames(string node, long fromMs, long toMs, long notBeforeMs)
    {
        var frames = new List<StoredFrame>();
        Add(
            "SELECT StartedAtMs, Sequence, AtMs, ReceivedMs, Bytes FROM Frames WHERE Node = $a AND AtMs < $b AND AtMs >= $c ORDER BY AtMs DESC LIMIT 1",
            fromMs, notBeforeMs);
        Add(
            "SELECT StartedAtMs, Sequence, AtMs, ReceivedMs, Bytes FROM Frames WHERE Node = $a AND AtMs >= $b AND AtMs <= $c ORDER BY StartedAtMs, Sequence",
            fromMs, toMs);
        return frames;

        void Add(string sql, long first, long second)
        {
            using var row = Rows.Read(sql, node, first, second);
            while (row.Read())
                frames.Add(new StoredFrame(node, row.GetInt64(0), (ulong)row.GetInt64(1), row.GetInt64(2), row.GetInt64(3), row.GetFieldValue<byte[]>(4)));
        }
    }

    /// <summary>Stores the gaps and settings of a node's frames of a minute.</summary>
    /// <param name="isAgain">The minute was rolled up before: gaps that late frames have closed since are removed.</param>
    public void PutFacts(string node, long minuteMs, IEnumerable<GapSpan> gaps, IEnumerable<SettingChange> settings, bool isAgain)
    {
        ArgumentNullException.ThrowIfNull(gaps);
        ArgumentNullException.ThrowIfNull(settings);
        if (isAgain)
            Rows.Execute(DeleteGaps, node, minuteMs, minuteMs + Level.MinuteMs);
        foreach (var gap in gaps)
        {
            Rows.Execute(
                "INSERT INTO Gaps (Node, Kind, FromMs, ToMs, Text) SELECT $a, $b, $c, $d, $e WHERE NOT EXISTS "
                + "(SELECT 1 FROM Gaps WHERE FromMs = $c AND Node = $a AND Kind = $b AND ToMs = $d)",
                node, (long)gap.Kind, gap.FromMs, gap.ToMs, gap.Text);
        }

        foreach (var setting in settings)
        {
            Rows.Execute(
                "INSERT INTO Settings (Node, AtMs, Name, Before, After) SELECT $a, $b, $c, $d, $e WHERE NOT EXISTS "
                + "(SELECT 1 FROM Settings WHERE AtMs = $b AND Node = $a AND Name = $c)",
                node, setting.AtMs, setting.Name, setting.Before, setting.After);
        }
    }

    /// <summary>The end of the gap that contains a moment, if late frames have not filled it yet.</summary>
    public long? GapEnd(string node, long atMs) => Rows.Scalar(GapOver, node, atMs) as long?;

    public void Dispose() => Rows.Dispose();
}
