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
    private const int BusySeconds = 30;

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
        using var rows = new BulkConnection(databases, BusySeconds);
        // Each reads one snapshot, whatever is written or deleted meanwhile.
        using var transaction = rows.Begin(readOnly: true);
        long fromMs = query.FromMs + (firstColumn * stepMs);
        long toMs = query.FromMs + (endColumn * stepMs);
        var part = new Part(rows, query, lanes, firstColumn, endColumn, corrupt, ct);
        part.Merge(query.Node is null ? BlockKind.Service : BlockKind.Node, Level.For(stepMs), fromMs, toMs);
    }

    private sealed class Part(
        BulkConnection rows, TimelineQuery query, StoredLanes lanes, int firstColumn, int endColumn, List<GapSpan> corrupt, CancellationToken ct)
    {
        // Every Service block has a block of the whole cluster beside it.
        private readonly string _marker = query.Node ?? BlockArchive.Cluster;

        public void Merge(BlockKind kind, Level level, long fromMs, long toMs)
        {
            var there = new HashSet<long>();
            long firstMs = level.StartOf(Math.Max(0, fromMs));
            using (var row = Rows("SELECT AtMs FROM Blocks WHERE Kind = $a AND Step = $b AND Name = $e AND AtMs >= $c AND AtMs < $d", kind, level, firstMs, toMs))
            {
                while (row.Read())
                    there.Add(row.GetInt64(0));
            }

            if (there.Count > 0)
                LayBlocks(kind, level, fromMs, toMs);
            // Intervals for which only the coarser level is left, or, if a version without that level wrote them, the finest.
            // (What is in neither is unknown.)
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
                var only = new Part(rows, query, lanes, Column(beginMs), Column(Math.Min(atMs, toMs)), corrupt, ct);
                only.LayInstead(kind, level, Math.Max(fromMs, beginMs), Math.Min(toMs, atMs));
            }
        }

        private void LayInstead(BlockKind kind, Level level, long fromMs, long toMs)
        {
            if (level != Level.Finest && HasFinest(kind, fromMs, toMs))
                LayBlocks(kind, Level.Finest, fromMs, toMs);
            else if (level.Coarser is { } coarser)
                Merge(kind, coarser, fromMs, toMs);
        }

        private bool HasFinest(BlockKind kind, long fromMs, long toMs)
        {
            using var row = Rows("SELECT 1 FROM Blocks WHERE Kind = $a AND Step = $b AND Name = $e AND AtMs >= $c AND AtMs < $d LIMIT 1", kind, Level.Finest, fromMs, toMs);
            return row.Read();
        }

        private int Column(long atMs) =>
            (int)Math.Clamp((atMs - query.FromMs) / Math.Max(1, (query.ToMs - query.FromMs) / query.Columns), firstColumn, endColumn);

        private void LayBlocks(BlockKind kind, Level level, long fromMs, long toMs)
        {
            bool filtered = query.Namespace is not null || query.Service is not null;
            string sql = kind == BlockKind.Service
                ? "SELECT Name, AtMs, Bytes FROM Blocks WHERE Kind = $a AND Step = $b AND AtMs >= $c AND AtMs < $d"
                : "SELECT Name, AtMs, Bytes FROM Blocks WHERE Kind = $a AND Step = $b AND Name = $e AND AtMs >= $c AND AtMs < $d";
            byte[] buffer = ArrayPool<byte>.Shared.Rent(16 * 1024);
            byte[] bytes = ArrayPool<byte>.Shared.Rent(16 * 1024);
            try
            {
                using var row = Rows(sql, kind, level, level.StartOf(Math.Max(0, fromMs)), toMs);
                while (row.Read())
                {
                    ct.ThrowIfCancellationRequested();
                    string name = row.GetString(0);
                    bool isCluster = kind == BlockKind.Service && name.Length == 0;
                    if (filtered && kind == BlockKind.Service && !isCluster && !Wanted(name))
                        continue;
                    int length = (int)row.GetBytes(2, 0, null, 0, 0);
                    if (bytes.Length < length)
                    {
                        ArrayPool<byte>.Shared.Return(bytes);
                        bytes = ArrayPool<byte>.Shared.Rent(length);
                    }

                    row.GetBytes(2, 0, bytes, 0, length);
                    long atMs = row.GetInt64(1);
                    // The whole cluster's resets are separate rows.
                    if (!lanes.Merge(
                        bytes.AsSpan(0, length), name, atMs, level, firstColumn, endColumn, isCluster || kind == BlockKind.Node,
                        kind == BlockKind.Node || !isCluster, null, ref buffer))
                    {
                        AddCorrupt(kind, level, name, atMs);
                    }
                }
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(buffer);
                ArrayPool<byte>.Shared.Return(bytes);
            }
        }

        private bool Wanted(string name) =>
            (query.Namespace is null || name.StartsWith(query.Namespace + "/", StringComparison.Ordinal))
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

        private DbDataReader Rows(string sql, BlockKind kind, Level level, long fromMs, long toMs) =>
            rows.Read(sql, (long)kind, (long)level.Step, fromMs, toMs, _marker);
    }
}
