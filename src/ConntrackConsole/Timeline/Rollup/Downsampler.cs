using ConntrackConsole.Timeline.Blocks;
using ConntrackConsole.Timeline.Storage;

namespace ConntrackConsole.Timeline.Rollup;

/// <summary>Merges a minute into the blocks of the coarser levels: the maximum within a column. They are never behind the finest.</summary>
internal static class Downsampler
{
    /// <summary>The minute's blocks of every level, finest first.</summary>
    /// <param name="former">The blocks of a coarser level that begin at a moment, by name.</param>
    public static IEnumerable<StoredBlock> Levels(
        BlockKind kind, long minuteMs, Dictionary<string, Block> minutes, Func<Level, long, Dictionary<string, Block>> former, bool replaceNames)
    {
        foreach (var (name, block) in minutes)
            yield return Stored(kind, Level.Finest, name, minuteMs, block, pack: true);
        for (var level = Level.Finest.Coarser; level is not null; level = level.Coarser)
        {
            long atMs = level.StartOf(minuteMs);
            // A Service's coarsest blocks are few and small, and rewritten each minute: not worth packing. A node has those of
            // every group.
            bool pack = kind == BlockKind.Node || level.Coarser is not null;
            foreach (var (name, block) in Merge(level, minuteMs, minutes, former(level, atMs), replaceNames))
                yield return Stored(kind, level, name, atMs, block, pack);
        }
    }

    private static StoredBlock Stored(BlockKind kind, Level level, string name, long atMs, Block block, bool pack)
    {
        block.Normalize();
        return new StoredBlock(kind, level, name, atMs, BlockCodec.Write(block, pack));
    }

    /// <param name="minutes">The finest blocks of the minute, by name.</param>
    /// <param name="former">The existing coarse blocks of the interval; modified in place.</param>
    /// <param name="replaceNames">Whether this minute's names are newer than those in the coarse blocks.</param>
    /// <returns>The changed coarse blocks.</returns>
    public static IEnumerable<(string Name, Block Block)> Merge(
        Level level, long minuteMs, Dictionary<string, Block> minutes, Dictionary<string, Block> former, bool replaceNames)
    {
        var (first, count) = Columns(level, minuteMs);
        foreach (var (name, minute) in minutes)
        {
            if (!former.TryGetValue(name, out var coarse))
                former[name] = coarse = new Block(level.Columns);
            (coarse.Namespace, coarse.Name) = (minute.Namespace, minute.Name);
            Merge(coarse, minute, first, count, replaceNames);
            yield return (name, coarse);
        }

        // Late frames may have removed everything that a Service had in this minute.
        foreach (var (name, coarse) in former)
        {
            if (minutes.ContainsKey(name) || !HasAny(coarse, first, count))
                continue;
            Clear(coarse, first, count);
            yield return (name, coarse);
        }
    }

    /// <summary>A coarse block from the minutes within it that exist; null if there are no such minutes.</summary>
    public static Block? Of(Level level, IEnumerable<(long AtMs, Block Block)> minutes)
    {
        Block? coarse = null;
        foreach (var (atMs, minute) in minutes)
        {
            var (first, count) = Columns(level, atMs);
            Merge(coarse ??= new Block(level.Columns), minute, first, count, replaceNames: true);
        }

        return coarse;
    }

    private static (int First, int Count) Columns(Level level, long minuteMs) =>
        ((int)((minuteMs - level.StartOf(minuteMs)) / level.StepMs), (int)Math.Max(1, Level.MinuteMs / level.StepMs));

    private static void Merge(Block coarse, Block minute, int first, int count, bool replaceNames)
    {
        Clear(coarse, first, count);
        int each = minute.Columns / count;
        for (int column = 0; column < count; column++)
            coarse.Known[first + column] = minute.Known.AsSpan(column * each, each).Contains(true);
        var byKey = coarse.Series.ToDictionary(s => s.Key);
        foreach (var fine in minute.Series)
        {
            if (!byKey.TryGetValue(fine.Key, out var series))
            {
                byKey[fine.Key] = series = new BlockSeries(fine.Key, coarse.Columns) { Pod = fine.Pod, Owner = fine.Owner, State = fine.State };
                coarse.Series.Add(series);
            }

            if (replaceNames)
                (series.Pod, series.Owner, series.State) = (fine.Pod ?? series.Pod, fine.Owner, fine.State);
            for (int column = 0; column < count; column++)
            {
                var span = (column * each)..((column + 1) * each);
                series.Entries[first + column] = Max(fine.Entries.AsSpan(span), minute.Known.AsSpan(span));
                series.Closing[first + column] = Max(fine.Closing.AsSpan(span), minute.Known.AsSpan(span));
                series.Stale[first + column] = Max(fine.Stale.AsSpan(span), minute.Known.AsSpan(span));
            }
        }

        var sums = minute.Resets.GroupBy(r => (Column: first + (r.Column / each), r.Kind, r.Vip, r.Vport));
        coarse.Resets.AddRange(sums.Select(g => new BlockReset(g.Key.Column, g.Key.Kind, g.Sum(r => r.Count), g.Key.Vip, g.Key.Vport)));
    }

    // -1 if none of it is known.
    private static int Max(ReadOnlySpan<int> values, ReadOnlySpan<bool> known)
    {
        int max = -1;
        for (int i = 0; i < values.Length; i++)
        {
            if (known[i])
                max = Math.Max(max, values[i]);
        }

        return max;
    }

    private static bool HasAny(Block block, int first, int count) =>
        block.Series.Any(s => s.Entries.AsSpan(first, count).ContainsAnyExcept(0) || s.Closing.AsSpan(first, count).ContainsAnyExcept(0))
        || block.Resets.Any(r => r.Column >= first && r.Column < first + count);

    private static void Clear(Block block, int first, int count)
    {
        block.Known.AsSpan(first, count).Clear();
        block.Resets.RemoveAll(r => r.Column >= first && r.Column < first + count);
        foreach (var series in block.Series)
        {
            series.Entries.AsSpan(first, count).Clear();
            series.Closing.AsSpan(first, count).Clear();
            series.Stale.AsSpan(first, count).Clear();
        }
    }
}
