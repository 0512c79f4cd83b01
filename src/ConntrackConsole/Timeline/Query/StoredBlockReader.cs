using System.Buffers;
using System.Data.Common;
using ConntrackConsole.Storage;
using ConntrackConsole.Timeline.Blocks;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Timeline.Storage;
using ConntrackConsole.Wire;
using Microsoft.EntityFrameworkCore;

namespace ConntrackConsole.Timeline.Query;

/// <summary>Reads the blocks of a window: at the coarsest level that is fine enough, or, where that was deleted, at the next remaining one.</summary>
internal sealed class StoredBlockReader(IDbContextFactory<ConsoleDb> databases)
{
    // Each thread reads its own range of columns on its own connection.
    private static readonly int Threads = Math.Clamp(Environment.ProcessorCount, 1, 8);

    /// <summary>Lanes and resets of the columns before <paramref name="endColumn"/>, and the unreadable blocks.</summary>
    public async Task<(StoredLanes Lanes, List<GapSpan> Corrupt)> ReadAsync(TimelineQuery query, long stepMs, int endColumn, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(query);
        var lanes = new StoredLanes(query.FromMs, stepMs, query.Columns);
        var corrupt = new List<GapSpan>();
        int parts = Math.Clamp(endColumn / 16, 1, Threads);
        await Task.WhenAll(Enumerable.Range(0, parts).Select(part => Task.Run(
            () => Read(query, stepMs, lanes, endColumn * part / parts, endColumn * (part + 1) / parts, corrupt, ct), ct)));
        lanes.Close(endColumn);
        return (lanes, corrupt);
    }

    private void Read(
        TimelineQuery query, long stepMs, StoredLanes lanes, int firstColumn, int endColumn, List<GapSpan> corrupt, CancellationToken ct)
    {
        using var blocks = new StoredBlocks(databases);
        long fromMs = query.FromMs + (firstColumn * stepMs);
        long toMs = query.FromMs + (endColumn * stepMs);
        var part = new Part(blocks, query, lanes, firstColumn, endColumn, corrupt, ct);
        part.Merge(query.Node is null ? BlockKind.Service : BlockKind.Node, Level.For(stepMs), fromMs, toMs);
    }

    private sealed class Part(
        StoredBlocks blocks, TimelineQuery query, StoredLanes lanes, int firstColumn, int endColumn, List<GapSpan> corrupt, CancellationToken ct)
    {
        private const int MaxLabels = 5_000;

        private SeriesTable _own = new();
        private Dictionary<(string, long), SeriesTable> _labels = [];

        // The names under which a chosen lane may be stored: its Service, or its address while the Service had no name.
        private readonly HashSet<string>? _chosen = query.Chosen is { } chosen ? [.. chosen.Split('\n').SelectMany(place => place.Split('|')).Select((name, i) => i % 2 == 0 ? name : "/" + name)] : null;

        // Every Service block has a block of the whole cluster beside it.
        private readonly string _marker = query.Node ?? BlockArchive.Cluster;

        // A block of a coarser level is written when its interval has ended: the open tail is in finer blocks. Where a finer level
        // was deleted, only a coarser one is left. (What is in none is unknown.)
        public void Merge(BlockKind kind, Level level, long fromMs, long toMs)
        {
            var missing = new List<(long FromMs, long ToMs)> { (fromMs, toMs) };
            int at = Array.IndexOf(Level.All, level);
            foreach (var other in Level.All[..(at + 1)].Reverse().Concat(Level.All[(at + 1)..]))
            {
                var left = new List<(long, long)>();
                foreach (var (beginMs, endMs) in missing)
                {
                    int first = Column(beginMs, false), end = Column(endMs, other.StepMs <= level.StepMs);
                    var part = new Part(blocks, query, lanes, first, end, corrupt, ct) { _labels = _labels, _own = _own };
                    left.AddRange(part.MergeLevel(kind, other, beginMs, endMs));
                }

                missing = left;
            }
        }

        /// <returns>The intervals that have no block of this level.</returns>
        private List<(long FromMs, long ToMs)> MergeLevel(BlockKind kind, Level level, long fromMs, long toMs)
        {
            long firstMs = level.StartOf(Math.Max(0, fromMs));
            var there = blocks.Starts(kind, level, _marker, firstMs, toMs);
            if (there.Count > 0)
                LayBlocks(kind, level, fromMs, toMs, there);
            var missing = new List<(long, long)>();
            for (long atMs = firstMs; atMs < toMs;)
            {
                if (there.Contains(atMs))
                {
                    atMs += level.BlockMs;
                    continue;
                }

                long beginMs = atMs;
                while (atMs < toMs && !there.Contains(atMs))
                    atMs += level.BlockMs;
                missing.Add((Math.Max(fromMs, beginMs), Math.Min(toMs, atMs)));
            }

            return missing;
        }

        // A column that straddles the end of an interval also contains what finer blocks of the interval have.
        private int Column(long atMs, bool includesStraddling)
        {
            long stepMs = Math.Max(1, (query.ToMs - query.FromMs) / query.Columns);
            return (int)Math.Clamp((atMs - query.FromMs + (includesStraddling ? stepMs - 1 : 0)) / stepMs, firstColumn, endColumn);
        }

        private void LayBlocks(BlockKind kind, Level level, long fromMs, long toMs, HashSet<long> there)
        {
            var backends = query is { Lanes: null } or { Chosen: not null } ? BlockParts.Backends : BlockParts.None;
            var values = query.OmitsSums ? BlockParts.Presence : BlockParts.None;
            byte[] buffer = ArrayPool<byte>.Shared.Rent(16 * 1024);
            try
            {
                if (kind == BlockKind.Node)
                {
                    lanes.SumsAreUpperBounds |= level != Level.Finest;
                    Lay(blocks.Named, there, backends | values | BlockParts.DerivedSums | BlockParts.Total, true, true, null);
                    return;
                }

                // The whole cluster's resets are separate rows. A Service's own blocks of seconds have its sum, too; of the chosen lanes
                // it is known.
                bool isOne = query.Service is not null && level == Level.Finest;
                var sums = isOne || query.Chosen is not null ? BlockParts.None : BlockParts.Sums | values;
                var withoutSums = new HashSet<long>();
                Lay(blocks.Named, there, sums, true, false, sums == BlockParts.None ? null : withoutSums);
                if (isOne && query.Chosen is null)
                    Lay(blocks.Others, there, backends | values | BlockParts.DerivedSums, false, true, null);
                else if (backends != BlockParts.None || query.Namespace is not null || query.Service is not null)
                    Lay(blocks.Others, [.. there.Except(withoutSums)], backends, false, true, null);
                // Written by an earlier version.
                if (withoutSums.Count > 0 && Lay(blocks.Others, withoutSums, backends | values | BlockParts.DerivedSums, false, true, null) && level != Level.Finest)
                    lanes.SumsAreUpperBounds = true;
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }

            bool Lay(Func<BlockKind, Level, string, long, long, DbDataReader> read, HashSet<long> wanted, BlockParts takes, bool marksKnown, bool takesResets, HashSet<long>? withoutSums)
            {
                bool any = false;
                if (wanted.Count == 0)
                    return false;
                using var row = read(kind, level, _marker, level.StartOf(Math.Max(0, fromMs)), toMs);
                while (row.Read())
                {
                    ct.ThrowIfCancellationRequested();
                    string name = row.GetString(0);
                    long atMs = row.GetInt64(1);
                    // Another level fills this interval.
                    if (!wanted.Contains(atMs) || (kind == BlockKind.Service && name.Length > 0 && !Wanted(name)))
                        continue;
                    any = true;
                    int series = lanes.Merge(
                        StoredBlocks.Bytes(row), takes == BlockParts.None && !takesResets ? null : Labels(kind, level, name, atMs), _own, blocks.Texts, name, atMs, level, firstColumn, endColumn,
                        takes, Wanted, marksKnown, takesResets, ref buffer);
                    if (series < 0)
                        AddCorrupt(kind, level, name, atMs);
                    else if (series == 0)
                        withoutSums?.Add(atMs);
                }

                return any;
            }
        }

        // Blocks of an hour share them.
        private SeriesTable? Labels(BlockKind kind, Level level, string name, long atMs)
        {
            if (level.HasOwnTables)
                return null;
            var key = (name, SeriesTable.StartOf(atMs));
            if (_labels.TryGetValue(key, out var table))
                return table;
            if (_labels.Count >= MaxLabels)
                _labels.Clear();
            return _labels[key] = blocks.Labels(kind, name, key.Item2);
        }

        private bool Wanted(string name) =>
            (_chosen is null || _chosen.Contains(name)) && (query.Namespace is null || name.StartsWith(query.Namespace + "/", StringComparison.Ordinal))
            && (query.Service is null || name == query.Service || name.EndsWith("/" + query.Service, StringComparison.Ordinal));

        private void AddCorrupt(BlockKind kind, Level level, string name, long atMs)
        {
            string subject = kind == BlockKind.Node ? $"node {name}" : name.Length == 0 ? "the cluster" : name;
            lock (corrupt)
            {
                corrupt.Add(new GapSpan(
                    kind == BlockKind.Node ? name : null, GapKind.FramesDropped, atMs, atMs + level.BlockMs,
                    $"The stored history of {subject} is unreadable here (a damaged block in the database): this interval is unknown."));
            }
        }
    }
}
