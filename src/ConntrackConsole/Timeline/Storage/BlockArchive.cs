using System.Buffers.Binary;
using System.Data.Common;
using ConntrackConsole.Storage;
using ConntrackConsole.Timeline.Blocks;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Wire;
using Microsoft.EntityFrameworkCore;

namespace ConntrackConsole.Timeline.Storage;

/// <summary>The subject of a block.</summary>
internal enum BlockKind : byte
{
    /// <summary>
    /// Name "": up to which row the frames are rolled up, and at the step of a coarse level, from where on it is not complete.
    /// </summary>
    Mark = 0,
    Node = 1,
    /// <summary>Name "" is the whole cluster: where anything was known, and all resets.</summary>
    Service = 2,
    /// <summary>A node's resets as it reported them (<see cref="ReportedResets"/>), one minute per block.</summary>
    ReportedResets = 3,
}

/// <summary>The blocks on disk, and their facts. One writer, the rollup, on its own connection.</summary>
internal sealed class BlockArchive(IDbContextFactory<ConsoleDb> databases) : IDisposable
{
    private const int BusySeconds = 5;
    public const string Cluster = "";

    private readonly SeriesTables _tables = new();
    private readonly SeriesTable _table = new();
    private readonly SeriesTable _own = new();
    private readonly BlockWriter _writer = new();
    private byte[] _plain = new byte[64 * 1024];

    // Gaps between frames: late frames may close them.
    private static readonly string BetweenFrames = $"Kind IN ({(int)GapKind.SequenceJump}, {(int)GapKind.Silent}, {(int)GapKind.Started})";

    private static readonly string DeleteGaps = $"DELETE FROM Gaps WHERE Node = $a AND ToMs > $b AND ToMs <= $c AND {BetweenFrames}";

    private static readonly string GapOver = $"SELECT MIN(ToMs) FROM Gaps WHERE Node = $a AND FromMs <= $b AND ToMs > $b AND {BetweenFrames}";

    /// <summary>Also used for deleting old rows of other tables: with one writer there is no contention.</summary>
    internal BulkConnection Rows { get; } = new(databases, BusySeconds);

    public BulkTransaction Begin() => Rows.Begin();

    /// <summary>Stores a block, and the labels of its series that the hour's table does not have yet.</summary>
    public void Put(BlockKind kind, Level level, string name, long atMs, Block block)
    {
        ArgumentNullException.ThrowIfNull(level);
        ArgumentNullException.ThrowIfNull(block);
        block.Normalize();
        long hourMs = SeriesTable.StartOf(atMs);
        // To a damaged table nothing is added: blocks refer to the labels that it had.
        if (level.HasOwnTables || !_tables.Read(Rows, kind, name, hourMs, _table))
        {
            // A query of a day reads all Services' coarsest blocks; they are few, and unpacking them would take most of its time.
            bool isPlain = level.HasOwnTables && kind == BlockKind.Service;
            Put(kind, level.Step, name, atMs, isPlain ? BlockCodec.Unpacked(_writer.WritePlain(block, null)) : _writer.Write(block, null));
            return;
        }

        byte[] bytes = _writer.Write(block, _table);
        if (_table.IsChanged)
            _tables.Put(Rows, kind, name, hourMs, _table);
        Put(kind, level.Step, name, atMs, bytes);
    }

    public void PutReported(string node, long minuteMs, IEnumerable<NodeFrame> resets) =>
        Put(BlockKind.ReportedResets, Level.Finest.Step, node, minuteMs, ReportedResets.Write(resets));

    private void Put(BlockKind kind, byte step, string name, long atMs, byte[] bytes) => Rows.Execute(
        "INSERT INTO Blocks (Kind, Step, Name, AtMs, Bytes) VALUES ($a, $b, $c, $d, $e) ON CONFLICT (Kind, Step, Name, AtMs) DO UPDATE SET Bytes = excluded.Bytes",
        (long)kind, (long)step, name, atMs, bytes);

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

    /// <summary>Deletes a batch of the tables of labels that begin up to a moment, if no pin overlaps their hour.</summary>
    /// <returns>How many were deleted.</returns>
    public int DeleteTables(BlockKind kind, long beforeMs, long max) => Rows.Execute(
        "DELETE FROM SeriesTables WHERE Id IN (SELECT t.Id FROM SeriesTables t WHERE t.Kind = $a AND t.AtMs <= $b "
        + "AND NOT EXISTS (SELECT 1 FROM Pins p WHERE t.AtMs - $c <= p.ToMs AND t.AtMs + (2 * $c) >= p.FromMs) ORDER BY t.AtMs LIMIT $d)",
        (long)kind, beforeMs, SeriesTable.IntervalMs, max);

    /// <summary>Deletes a coarse block, which is then computed again from finer ones.</summary>
    public void Delete(BlockKind kind, Level level, string name, long atMs)
    {
        ArgumentNullException.ThrowIfNull(level);
        Rows.Execute("DELETE FROM Blocks WHERE Kind = $a AND Step = $b AND Name = $c AND AtMs = $d", (long)kind, (long)level.Step, name, atMs);
    }

    /// <summary>Deletes the blocks of a level from a moment on.</summary>
    public void DeleteFrom(BlockKind kind, Level level, long fromMs)
    {
        ArgumentNullException.ThrowIfNull(level);
        Rows.Execute("DELETE FROM Blocks WHERE Kind = $a AND Step = $b AND AtMs >= $c", (long)kind, (long)level.Step, fromMs);
    }

    /// <summary>The names that have finer blocks from a moment on, each with the beginnings of the level's blocks that they belong to.</summary>
    public List<(string Name, long AtMs)> NamesFrom(BlockKind kind, Level level, long fromMs)
    {
        ArgumentNullException.ThrowIfNull(level);
        using var row = Rows.Read(
            "SELECT DISTINCT Name, AtMs - AtMs % $d FROM Blocks WHERE Kind = $a AND Step = $b AND AtMs >= $c",
            (long)kind, (long)(level.Finer ?? level).Step, fromMs, level.BlockMs);
        var names = new List<(string, long)>();
        while (row.Read())
            names.Add((row.GetString(0), row.GetInt64(1)));
        return names;
    }

    /// <summary>Reads one block, replacing the content of <paramref name="into"/>.</summary>
    /// <returns>False if it does not exist or cannot be read.</returns>
    public bool Read(BlockKind kind, Level level, string name, long atMs, Block into)
    {
        ArgumentNullException.ThrowIfNull(level);
        using var row = Rows.Read("SELECT Bytes FROM Blocks WHERE Kind = $a AND Step = $b AND Name = $c AND AtMs = $d", (long)kind, (long)level.Step, name, atMs);
        return row.Read() && Unpack(row, 0, kind, name, atMs, into);
    }

    /// <summary>Reads all blocks of a kind that begin at a moment, one after the other into the same block; unreadable ones are skipped.</summary>
    public IEnumerable<string> ReadAll(BlockKind kind, Level level, long atMs, Block into)
    {
        ArgumentNullException.ThrowIfNull(level);
        using var row = Rows.Read("SELECT Name, Bytes FROM Blocks WHERE Kind = $a AND Step = $b AND AtMs = $c", (long)kind, (long)level.Step, atMs);
        while (row.Read())
        {
            string name = row.GetString(0);
            if (Unpack(row, 1, kind, name, atMs, into))
                yield return name;
        }
    }

    /// <summary>Reads the blocks of a name that begin within an interval, oldest first, one after the other into the same block.</summary>
    /// <returns>Where each begins; unreadable ones are skipped.</returns>
    public IEnumerable<long> ReadWithin(BlockKind kind, Level level, string name, long fromMs, long toMs, Block into)
    {
        ArgumentNullException.ThrowIfNull(level);
        using var row = Rows.Read(
            "SELECT AtMs, Bytes FROM Blocks WHERE Kind = $a AND Step = $b AND Name = $c AND AtMs >= $d AND AtMs < $e ORDER BY AtMs",
            (long)kind, (long)level.Step, name, fromMs, toMs);
        while (row.Read())
        {
            long atMs = row.GetInt64(0);
            if (Unpack(row, 1, kind, name, atMs, into))
                yield return atMs;
        }
    }

    /// <summary>The names that have blocks of a level that begin within an interval.</summary>
    public List<string> Names(BlockKind kind, Level level, long fromMs, long toMs)
    {
        ArgumentNullException.ThrowIfNull(level);
        using var row = Rows.Read(
            "SELECT DISTINCT Name FROM Blocks WHERE Kind = $a AND Step = $b AND AtMs >= $c AND AtMs < $d ORDER BY Name", (long)kind, (long)level.Step, fromMs, toMs);
        var names = new List<string>();
        while (row.Read())
            names.Add(row.GetString(0));
        return names;
    }

    private bool Unpack(DbDataReader row, int column, BlockKind kind, string name, long atMs, Block into)
    {
        if (!BlockCodec.TryUnpack(BulkConnection.Blob(row, column), ref _plain, out var plain))
            return false;
        // Most blocks refer to the table; it costs one look-up.
        _tables.Read(Rows, kind, name, SeriesTable.StartOf(atMs), _table);
        return BlockCodec.TryRead(plain, into, _table, _own, _tables.Texts);
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
    public bool Nearest(string node, long atMs, bool after, long notBeyondMs, Block into)
    {
        using var row = Rows.Read(
            after
                ? "SELECT AtMs, Bytes FROM Blocks WHERE Kind = 1 AND Step = 1 AND Name = $a AND AtMs > $b AND AtMs <= $c ORDER BY AtMs LIMIT 1"
                : "SELECT AtMs, Bytes FROM Blocks WHERE Kind = 1 AND Step = 1 AND Name = $a AND AtMs < $b AND AtMs >= $c ORDER BY AtMs DESC LIMIT 1",
            node, atMs, notBeyondMs);
        return row.Read() && Unpack(row, 1, BlockKind.Node, node, row.GetInt64(0), into);
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

    public long RolledUpToId() => Mark(0) ?? 0;

    public void MarkRolledUp(long id) => PutMark(0, id);

    /// <summary>From where on the blocks of a coarse level are not complete; null if a version without that mark wrote them.</summary>
    public long? CoarseFromMs(Level level)
    {
        ArgumentNullException.ThrowIfNull(level);
        return Mark(level.Step);
    }

    public void MarkCoarse(Level level, long fromMs)
    {
        ArgumentNullException.ThrowIfNull(level);
        PutMark(level.Step, fromMs);
    }

    private long? Mark(byte step) =>
        Rows.Scalar("SELECT Bytes FROM Blocks WHERE Kind = 0 AND Step = $a AND Name = '' AND AtMs = 0", (long)step) is byte[] { Length: 8 } bytes
            ? BinaryPrimitives.ReadInt64LittleEndian(bytes) : null;

    private void PutMark(byte step, long value)
    {
        byte[] bytes = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
        Put(BlockKind.Mark, step, "", 0, bytes);
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
