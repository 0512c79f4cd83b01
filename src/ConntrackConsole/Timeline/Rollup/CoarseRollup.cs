using System.Diagnostics;
using ConntrackConsole.Timeline.Blocks;
using ConntrackConsole.Timeline.Storage;

namespace ConntrackConsole.Timeline.Rollup;

/// <summary>
/// Writes the blocks of the coarser levels, each once, after its interval has ended and all of it is in finer blocks; again if late
/// frames changed one of those. Until then queries read the finer blocks. From where on that is still to be done is stored, so
/// that a restart continues.
/// </summary>
internal sealed class CoarseRollup(BlockArchive blocks, RollupQueue queue)
{
    private readonly Dictionary<(Level Level, BlockKind Kind, string Name), SortedSet<long>> _open = [];
    private readonly Downsampler _downsampler = new();
    private readonly Dictionary<Level, (Block Fine, Block Coarse, Block Former)> _buffers = Level.All.Skip(1).ToDictionary(
        level => level, level => (new Block(level.Finer!.Columns), new Block(level.Columns), new Block(level.Columns)));

    /// <summary>The Services are closed together, under this name.</summary>
    private const string Services = BlockArchive.Cluster;

    /// <summary>A minute of a node, or of the Services, was written.</summary>
    /// <param name="node">Null for the Services.</param>
    public void Written(string? node, long minuteMs) => Open(Level.Finest.Coarser!, node, minuteMs);

    /// <summary>Continues where an earlier run stopped.</summary>
    public void Resume(long rolledUpEndMs)
    {
        foreach (var level in Level.All.Skip(1))
        {
            if (blocks.CoarseFromMs(level) is not { } fromMs)
            {
                // An earlier version wrote the blocks of open intervals too, each minute: they would hide what follows.
                fromMs = level.StartOf(Math.Max(0, rolledUpEndMs - 1));
                foreach (var kind in (ReadOnlySpan<BlockKind>)[BlockKind.Node, BlockKind.Service])
                    blocks.DeleteFrom(kind, level, fromMs);
                blocks.MarkCoarse(level, fromMs);
            }

            foreach (var (name, atMs) in blocks.NamesFrom(BlockKind.Node, level, fromMs))
                Open(level, name, atMs);
            foreach (var (_, atMs) in blocks.NamesFrom(BlockKind.Service, level, fromMs))
                Open(level, null, atMs);
        }
    }

    /// <summary>Stores from where on coarse blocks are missing: within the transaction that marks minutes as rolled up.</summary>
    public void Mark()
    {
        long from = long.MaxValue;
        foreach (var level in Level.All.Skip(1))
        {
            // A level is not complete where a finer one is not.
            foreach (var (of, open) in _open)
            {
                if (of.Level == level)
                    from = Math.Min(from, open.Min);
            }

            // None open: whatever is rolled up next stores the mark again.
            blocks.MarkCoarse(level, from == long.MaxValue ? from : from = level.StartOf(from));
        }
    }

    /// <summary>Writes the blocks that can be written.</summary>
    /// <param name="endedBeforeMs">Intervals that ended up to this moment, and have no open minute.</param>
    public void Close(long endedBeforeMs, long budgetMs)
    {
        if (CloseSome(endedBeforeMs, budgetMs) > 0)
            Mark();
    }

    private int CloseSome(long endedBeforeMs, long budgetMs)
    {
        int closed = 0;
        long begun = Stopwatch.GetTimestamp();
        foreach (var level in Level.All.Skip(1))
        {
            foreach (var (of, open) in _open.Where(o => o.Key.Level == level).ToList())
            {
                foreach (long atMs in open.ToList())
                {
                    if (Stopwatch.GetElapsedTime(begun).TotalMilliseconds > budgetMs)
                        return closed;
                    if (atMs + level.BlockMs > endedBeforeMs || IsOpen(of, atMs))
                        continue;
                    if (of.Kind == BlockKind.Node)
                        CloseNode(level, of.Name, atMs);
                    else
                        CloseServices(level, atMs);
                    open.Remove(atMs);
                    closed++;
                    if (level.Coarser is { } coarser)
                        Open(coarser, of.Kind == BlockKind.Node ? of.Name : null, atMs);
                }

                if (open.Count == 0)
                    _open.Remove(of);
            }
        }

        return closed;
    }

    private bool IsOpen((Level Level, BlockKind Kind, string Name) of, long atMs)
    {
        long endMs = atMs + of.Level.BlockMs;
        if (queue.IsOpen(of.Kind == BlockKind.Node ? of.Name : null, atMs, endMs))
            return true;
        return of.Level.Finer is { } finer && _open.TryGetValue((finer, of.Kind, of.Name), out var open) && open.GetViewBetween(atMs, endMs - 1).Count > 0;
    }

    private void Open(Level level, string? node, long atMs)
    {
        var of = (level, node is null ? BlockKind.Service : BlockKind.Node, node ?? Services);
        if (!_open.TryGetValue(of, out var open))
            _open[of] = open = [];
        open.Add(level.StartOf(atMs));
    }

    private void CloseNode(Level level, string node, long atMs)
    {
        var (fine, coarse, former) = _buffers[level];
        _downsampler.Begin(level, atMs, coarse);
        foreach (long finerMs in blocks.ReadWithin(BlockKind.Node, level.Finer!, node, atMs, atMs + level.BlockMs, fine))
            _downsampler.Add(level.Finer!, finerMs, fine);
        if (blocks.Read(BlockKind.Node, level, node, atMs, former))
            _downsampler.KeepFormer(former);
        using var transaction = blocks.Begin();
        blocks.Put(BlockKind.Node, level, node, atMs, coarse);
        transaction.Commit();
    }

    // Where the cluster has a finer block, a Service without one had nothing.
    private void CloseServices(Level level, long atMs)
    {
        var (fine, coarse, former) = _buffers[level];
        long endMs = atMs + level.BlockMs;
        var covered = blocks.ReadWithin(BlockKind.Service, level.Finer!, Services, atMs, endMs, fine).ToList();
        var names = blocks.Names(BlockKind.Service, level.Finer!, atMs, endMs).Union(blocks.Names(BlockKind.Service, level, atMs, atMs + 1)).ToList();
        // The cluster's block last: with it, queries read this level.
        names.Sort(StringComparer.Ordinal);
        names.Reverse();
        using var transaction = blocks.Begin();
        foreach (string name in names)
        {
            _downsampler.Begin(level, atMs, coarse);
            foreach (long finerMs in blocks.ReadWithin(BlockKind.Service, level.Finer!, name, atMs, endMs, fine))
                _downsampler.Add(level.Finer!, finerMs, fine);
            foreach (long finerMs in covered)
                _downsampler.Cover(level.Finer!, finerMs);
            if (blocks.Read(BlockKind.Service, level, name, atMs, former))
                _downsampler.KeepFormer(former);
            coarse.RemoveEmpty();
            if (name.Length > 0 && coarse.Series.Count == 0 && coarse.Resets.Count == 0)
                blocks.Delete(BlockKind.Service, level, name, atMs);
            else
                blocks.Put(BlockKind.Service, level, name, atMs, coarse);
        }

        transaction.Commit();
    }
}
