using System.Runtime.InteropServices;
using ConntrackConsole.Timeline.Blocks;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Timeline.Rollup;

/// <summary>
/// Computes one block of a coarser level from finer blocks: the maximum within a column. Not thread-safe; its buffers are reused.
/// </summary>
internal sealed class Downsampler
{
    private readonly Dictionary<GroupKey, BlockSeries> _byKey = [];
    private readonly Dictionary<(int Column, ResetKind Kind, Kernel.Net.Ip Vip, ushort Vport), int> _resets = [];
    private Block _coarse = new(1);
    private Level _level = Level.Finest;
    private long _atMs;
    private bool[] _covered = [];

    public void Begin(Level level, long atMs, Block coarse)
    {
        ArgumentNullException.ThrowIfNull(level);
        ArgumentNullException.ThrowIfNull(coarse);
        (_level, _atMs, _coarse) = (level, atMs, coarse);
        _byKey.Clear();
        _covered = _covered.Length == level.Columns ? _covered : new bool[level.Columns];
        _covered.AsSpan().Clear();
        coarse.Clear();
    }

    /// <summary>Merges a finer block; blocks come in the order of time, so that the newest names remain.</summary>
    public void Add(Level finer, long atMs, Block fine)
    {
        ArgumentNullException.ThrowIfNull(finer);
        ArgumentNullException.ThrowIfNull(fine);
        int each = (int)(_level.StepMs / finer.StepMs), first = (int)((atMs - _atMs) / _level.StepMs), count = fine.Columns / each;
        (_coarse.Namespace, _coarse.Name) = (fine.Namespace, fine.Name);
        for (int column = 0; column < count; column++)
        {
            _covered[first + column] = true;
            _coarse.Known[first + column] = fine.Known.AsSpan(column * each, each).Contains(true);
        }

        foreach (var series in fine.Series)
        {
            ref var into = ref CollectionsMarshal.GetValueRefOrAddDefault(_byKey, series.Key, out bool exists);
            if (!exists)
                into = _coarse.Add(series.Label);
            else
                into!.Label = series.Label with { Pod = series.Pod ?? into.Pod };
            Maxima(series.Entries, fine.Known, into!.Entries, first, each);
            Maxima(series.Closing, fine.Known, into.Closing, first, each);
            Maxima(series.Stale, fine.Known, into.Stale, first, each);
        }

        _resets.Clear();
        foreach (var reset in fine.Resets)
            CollectionsMarshal.GetValueRefOrAddDefault(_resets, (first + (reset.Column / each), reset.Kind, reset.Vip, reset.Vport), out _) += reset.Count;
        foreach (var (key, sum) in _resets)
            _coarse.Resets.Add(new BlockReset(key.Column, key.Kind, sum, key.Vip, key.Vport));
    }

    /// <summary>Keeps the columns of the former block for which no finer block was left.</summary>
    public void KeepFormer(Block former)
    {
        ArgumentNullException.ThrowIfNull(former);
        if (!_covered.Contains(false))
            return;
        for (int column = 0; column < former.Columns; column++)
            _coarse.Known[column] |= !_covered[column] && former.Known[column];
        foreach (var old in former.Series)
        {
            ref var into = ref CollectionsMarshal.GetValueRefOrAddDefault(_byKey, old.Key, out bool exists);
            if (!exists)
                into = _coarse.Add(old.Label);
            for (int column = 0; column < former.Columns; column++)
            {
                if (!_covered[column])
                    (into!.Entries[column], into.Closing[column], into.Stale[column]) = (old.Entries[column], old.Closing[column], old.Stale[column]);
            }
        }

        _coarse.Resets.AddRange(former.Resets.Where(r => !_covered[r.Column]));
    }

    /// <summary>These columns are complete, although the name has no finer block there: it had nothing.</summary>
    public void Cover(Level finer, long atMs)
    {
        ArgumentNullException.ThrowIfNull(finer);
        int first = (int)((atMs - _atMs) / _level.StepMs), count = (int)(finer.BlockMs / _level.StepMs);
        _covered.AsSpan(first, count).Fill(true);
    }

    private static void Maxima(int[] fine, bool[] known, int[] into, int first, int each)
    {
        for (int column = 0; column * each < fine.Length; column++)
        {
            // -1 if none of it is known.
            int max = -1;
            for (int i = column * each; i < (column + 1) * each; i++)
            {
                if (known[i] && fine[i] > max)
                    max = fine[i];
            }

            into[first + column] = max;
        }
    }
}
