namespace ConntrackConsole.Timeline.History;

/// <summary>How long blocks are kept, by their level.</summary>
public sealed record LevelRetention(TimeSpan Seconds, TimeSpan TenSeconds, TimeSpan Minutes)
{
    public TimeSpan Of(Level level)
    {
        ArgumentNullException.ThrowIfNull(level);
        return level.Step switch { 1 => Seconds, 10 => TenSeconds, _ => Minutes };
    }
}

/// <summary>How long each kind of the past is kept.</summary>
/// <param name="Nodes">Blocks of single nodes.</param>
/// <param name="Services">Blocks of Services over all nodes.</param>
/// <param name="Rows">Terminations, rollouts, resets, syncs, gaps, settings, the history of ownership.</param>
/// <param name="Bytes">Most that the database may hold; then the oldest of the finest goes first.</param>
public sealed record HistoryRetention(LevelRetention Nodes, LevelRetention Services, TimeSpan Rows, long Bytes)
{
    public static readonly HistoryRetention Usual = new(
        new(TimeSpan.FromHours(48), TimeSpan.FromDays(7), TimeSpan.FromDays(28)),
        new(TimeSpan.FromDays(7), TimeSpan.FromDays(28), TimeSpan.FromDays(180)), TimeSpan.FromDays(90), 20_480L * 1024 * 1024);
}

/// <summary>Deletes what is too old, a small portion a second, so that no writer ever waits for long. Pinned windows stay; the audit log is not its business.</summary>
public sealed class Retention(BlockArchive blocks, HistoryRetention keep, TimeProvider time)
{
    private const int Rows = 500;

    private static readonly string[] Tables =
    [
        "DELETE FROM Terminations WHERE rowid IN (SELECT rowid FROM Terminations WHERE AskedMs < $a AND NOT EXISTS (SELECT 1 FROM Pins WHERE AskedMs BETWEEN FromMs AND ToMs) LIMIT 500)",
        "DELETE FROM Rollouts WHERE rowid IN (SELECT rowid FROM Rollouts r WHERE r.StartedMs < $a AND NOT EXISTS (SELECT 1 FROM Pins p WHERE r.StartedMs <= p.ToMs AND COALESCE(r.FinishedMs, r.RolledBackMs, r.StartedMs) >= p.FromMs) LIMIT 500)",
        "DELETE FROM ResetSeconds WHERE rowid IN (SELECT rowid FROM ResetSeconds WHERE Second < $a / 1000 AND NOT EXISTS (SELECT 1 FROM Pins WHERE Second * 1000 BETWEEN FromMs - 1000 AND ToMs) LIMIT 500)",
        "DELETE FROM Syncs WHERE rowid IN (SELECT rowid FROM Syncs WHERE AtMs < $a AND NOT EXISTS (SELECT 1 FROM Pins WHERE AtMs BETWEEN FromMs AND ToMs) LIMIT 500)",
        "DELETE FROM Gaps WHERE Id IN (SELECT g.Id FROM Gaps g WHERE g.FromMs < $a AND g.ToMs < $a AND NOT EXISTS (SELECT 1 FROM Pins p WHERE g.FromMs <= p.ToMs AND g.ToMs >= p.FromMs) LIMIT 500)",
        "DELETE FROM Settings WHERE Id IN (SELECT Id FROM Settings WHERE AtMs < $a AND NOT EXISTS (SELECT 1 FROM Pins WHERE AtMs BETWEEN FromMs AND ToMs) LIMIT 500)",
        Spans("Owners"),
        Spans("ServiceSpans"),
        Spans("EndpointSpans"),
        Spans("ClusterWatches"),
    ];

    // The order in which they go when there is too much: of two of a level the nodes', which are most.
    private static readonly (BlockKind Kind, Level Level)[] Finest =
        [.. from level in Level.All from kind in (BlockKind[])[BlockKind.Node, BlockKind.Service] select (kind, level)];

    /// <summary>How many kinds take turns.</summary>
    public static int Turns => Finest.Length + Tables.Length + 1;

    private int _next;

    // The history of ownership: what ended before, except what was so within a pinned window. A large cluster ends a hundred
    // spans a second, and the kinds take turns: a larger portion.
    private static string Spans(string table) =>
        $"DELETE FROM {table} WHERE rowid IN (SELECT s.rowid FROM {table} s WHERE s.ToMs < $a "
        + "AND NOT EXISTS (SELECT 1 FROM Pins p WHERE p.FromMs <= s.ToMs AND p.ToMs >= s.FromMs) LIMIT 5000)";

    /// <summary>How long a node's minutes can be folded anew.</summary>
    public long NodeMs => (long)keep.Nodes.Seconds.TotalMilliseconds;

    /// <summary>One of the kinds, at most some hundred rows.</summary>
    /// <returns>How many rows went.</returns>
    public int Portion()
    {
        long nowMs = time.GetUtcNow().ToUnixTimeMilliseconds();
        int kind = _next++ % Turns;
        if (kind < Finest.Length)
        {
            var (of, level) = Finest[kind];
            return Delete(of, level, nowMs - (long)(of == BlockKind.Node ? keep.Nodes : keep.Services).Of(level).TotalMilliseconds);
        }

        kind -= Finest.Length;
        return kind < Tables.Length ? blocks.Execute(null, Tables[kind], nowMs - (long)keep.Rows.TotalMilliseconds) : Shrink(nowMs);
    }

    // A block goes when all of it is too old and no pin touches it.
    private int Delete(BlockKind kind, Level level, long beforeMs) => blocks.Execute(
        null,
        "DELETE FROM Blocks WHERE Id IN (SELECT b.Id FROM Blocks b WHERE b.Kind = $a AND b.Step = $b AND b.AtMs <= $c "
            + "AND NOT EXISTS (SELECT 1 FROM Pins p WHERE b.AtMs <= p.ToMs AND b.AtMs + $d >= p.FromMs) ORDER BY b.AtMs LIMIT $e)",
        (long)kind, (long)level.Step, beforeMs - level.BlockMs, level.BlockMs, (long)Rows * 4);

    // Too large altogether: the finest first, in pieces of an hour, and never the last hour.
    private int Shrink(long nowMs)
    {
        long used = blocks.Number("SELECT (SELECT page_count FROM pragma_page_count()) - (SELECT freelist_count FROM pragma_freelist_count())")
            * blocks.Number("SELECT page_size FROM pragma_page_size()");
        if (used <= keep.Bytes)
            return 0;
        foreach (var (kind, level) in Finest)
        {
            if (Delete(kind, level, nowMs - (2 * level.BlockMs) - TimelineStore.HorizonMs) is var gone and > 0)
                return gone;
        }

        return 0;
    }
}
