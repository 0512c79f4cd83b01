using ConntrackConsole.Lifecycle;
using ConntrackConsole.Nodes;
using ConntrackConsole.Ownership;
using ConntrackConsole.Storage;
using ConntrackConsole.Timeline.Blocks;
using ConntrackConsole.Timeline.Live;

namespace ConntrackConsole.Timeline.Storage;

/// <summary>Retention of blocks by level.</summary>
internal sealed record LevelRetention(TimeSpan Seconds, TimeSpan TenSeconds, TimeSpan Minutes)
{
    public TimeSpan Of(Level level)
    {
        ArgumentNullException.ThrowIfNull(level);
        return level.Step switch { 1 => Seconds, 10 => TenSeconds, _ => Minutes };
    }
}

/// <summary>Retention of each kind of stored history.</summary>
/// <param name="Nodes">Blocks of single nodes.</param>
/// <param name="Services">Blocks of Services over all nodes.</param>
/// <param name="Rows">Terminations, rollouts, resets, syncs, gaps, settings, ownership history.</param>
/// <param name="Bytes">Maximum size of the database; beyond it the oldest blocks of the finest level are deleted first.</param>
internal sealed record HistoryRetention(LevelRetention Nodes, LevelRetention Services, TimeSpan Rows, long Bytes)
{
    public static readonly HistoryRetention Default = new(
        new(TimeSpan.FromHours(48), TimeSpan.FromDays(7), TimeSpan.FromDays(28)),
        new(TimeSpan.FromDays(7), TimeSpan.FromDays(28), TimeSpan.FromDays(180)), TimeSpan.FromDays(90), 20_480L * 1024 * 1024);
}

/// <summary>
/// Deletes expired data, a small batch per second, so that no writer waits for long. Pinned windows are kept; the audit log is
/// not affected.
/// </summary>
internal sealed class Retention(BlockArchive blocks, HistoryRetention keep, TimeProvider time)
{
    private const int MaxBlocks = 2_000;

    private static readonly AgedRows[] Tables = [.. LifecycleArchive.Aged, .. SyncArchive.Aged, .. FactsArchive.Aged, .. OwnershipArchive.Aged];

    // The order of deletion when the database is too large: within a level the nodes' blocks first, because they take most of the
    // space.
    private static readonly (BlockKind Kind, Level Level)[] Finest =
    [
        (BlockKind.Node, Level.Finest), (BlockKind.ReportedResets, Level.Finest), (BlockKind.Service, Level.Finest),
        .. from level in Level.All.Skip(1) from kind in (BlockKind[])[BlockKind.Node, BlockKind.Service] select (kind, level),
    ];

    // The labels of the finer two levels: they expire with the coarser one of these.
    private static readonly BlockKind[] Labels = [BlockKind.Node, BlockKind.Service];

    /// <summary>How many kinds take turns.</summary>
    public static int Turns => Finest.Length + Labels.Length + Tables.Length + 1;

    private int _next;

    /// <summary>How long a node's minutes can be rolled up again.</summary>
    public long NodeMs => (long)keep.Nodes.Seconds.TotalMilliseconds;

    /// <summary>Deletes expired rows of the next kind, at most some hundred.</summary>
    /// <returns>How many rows were deleted.</returns>
    public int Portion()
    {
        long nowMs = time.GetUtcNow().ToUnixTimeMilliseconds();
        int kind = _next++ % Turns;
        if (kind < Finest.Length)
        {
            var (of, level) = Finest[kind];
            return Delete(of, level, nowMs - (long)(of == BlockKind.Service ? keep.Services : keep.Nodes).Of(level).TotalMilliseconds);
        }

        kind -= Finest.Length;
        if (kind < Labels.Length)
            return DeleteLabels(Labels[kind], nowMs - (long)(Labels[kind] == BlockKind.Service ? keep.Services : keep.Nodes).TenSeconds.TotalMilliseconds);
        kind -= Labels.Length;
        return kind < Tables.Length ? Tables[kind].Delete(blocks.Rows, nowMs - (long)keep.Rows.TotalMilliseconds) : Shrink(nowMs);
    }

    // A block is deleted when all of it has expired and it overlaps no pin.
    private int Delete(BlockKind kind, Level level, long beforeMs)
    {
        // While a coarser block is not written, its interval is in the finer ones only: after a long stop, or a long delay.
        long closedMs = level.Coarser is { } coarser ? blocks.CoarseFromMs(coarser) ?? 0 : long.MaxValue;
        return blocks.Delete(kind, level, Math.Min(beforeMs - level.BlockMs, closedMs - 1), MaxBlocks);
    }

    // A table's hour ends an hour after it begins, and a block may begin just before its end.
    private int DeleteLabels(BlockKind kind, long beforeMs) =>
        blocks.DeleteTables(kind, Math.Min(beforeMs, blocks.CoarseFromMs(Level.All[^1]) ?? 0) - (2 * SeriesTable.IntervalMs), MaxBlocks);

    // The database is too large: the finest level first, an hour at a time, and never the last hour.
    private int Shrink(long nowMs)
    {
        long used = blocks.Rows.UsedBytes();
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
