using ConntrackConsole.Ownership;
using ConntrackConsole.Storage;
using ConntrackConsole.Timeline.Blocks;
using ConntrackConsole.Timeline.Live;

namespace ConntrackConsole.Timeline.Storage;

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
    private const int MaxBlocks = 2_000;

    private static readonly AgedRows[] Tables = [.. TimelineArchive.Aged, .. FactsArchive.Aged, .. OwnershipArchive.Aged];

    // The order in which they go when there is too much: of two of a level the nodes', which are most.
    private static readonly (BlockKind Kind, Level Level)[] Finest =
    [
        (BlockKind.Node, Level.Finest), (BlockKind.ReportedResets, Level.Finest), (BlockKind.Service, Level.Finest),
        .. from level in Level.All.Skip(1) from kind in (BlockKind[])[BlockKind.Node, BlockKind.Service] select (kind, level),
    ];

    /// <summary>How many kinds take turns.</summary>
    public static int Turns => Finest.Length + Tables.Length + 1;

    private int _next;

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
            return Delete(of, level, nowMs - (long)(of == BlockKind.Service ? keep.Services : keep.Nodes).Of(level).TotalMilliseconds);
        }

        kind -= Finest.Length;
        return kind < Tables.Length ? Tables[kind].Delete(blocks.Rows, nowMs - (long)keep.Rows.TotalMilliseconds) : Shrink(nowMs);
    }

    // A block goes when all of it is too old and no pin touches it.
    private int Delete(BlockKind kind, Level level, long beforeMs) => blocks.Delete(kind, level, beforeMs - level.BlockMs, MaxBlocks);

    // Too large altogether: the finest first, in pieces of an hour, and never the last hour.
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
