using System.Runtime.CompilerServices;
using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Cluster.State;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Ownership;
using ConntrackConsole.Storage;
using ConntrackConsole.Timeline.Blocks;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Timeline.Query;
using ConntrackConsole.Timeline.Storage;
using ConntrackConsole.Wire;
using Microsoft.EntityFrameworkCore;

namespace ConntrackConsole.Inventory;

/// <summary>
/// Single resets of any window, newest first, with the names of their time: from memory as far as it has all of them, otherwise from the stored
/// reports of the nodes.
/// </summary>
internal sealed class ResetReader(
    TimelineStore live, TimelineQueryService timeline, IDbContextFactory<ConsoleDb> databases, OwnershipArchive owners, HistoryRetention keep, ClusterState cluster, TimeProvider time)
{
    /// <summary>Maximum number of rows of an answer.</summary>
    public const int MaxRows = 10_000;

    private const int GapColumns = 60;

    // Late reports of the cluster may change a name.
    private const long NamedMs = 60_000;
    private const long StoredTtlMs = 5_000;
    private const int MaxCached = 8;

    private readonly ConditionalWeakTable<ResetDeduplicator.Report, NamedReset> _named = [];
    private readonly Lock _lock = new();
    private readonly List<(ResetQuery Query, long ToMs, long AtMs, Task<List<NamedReset>> Rows)> _stored = [];

    public async Task<ResetWindow> ReadAsync(ResetQuery query, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(query);
        long nowMs = time.GetUtcNow().ToUnixTimeMilliseconds();
        long toMs = Math.Min(query.ToMs, nowMs + TimelineStore.MaxAheadMs), fromMs = Math.Clamp(query.FromMs, 0, Math.Max(0, toMs));
        query = query with { FromMs = fromMs, ToMs = toMs, Limit = Math.Clamp(query.Limit, 1, MaxRows) };
        var reading = live.Read(reading => reading, TimelineStore.SharedMs);
        long memoryMs = Math.Max(timeline.LiveFromMs, reading.ResetsCompleteSinceMs);
        // One more than wanted: is there another page?
        var rows = Newest(reading, query, Math.Max(memoryMs, fromMs)).Take(query.Limit + 1).ToList();
        if (fromMs < memoryMs && rows.Count <= query.Limit)
            rows.AddRange((await StoredAsync(query, Math.Min(memoryMs, toMs), nowMs, ct)).Take(query.Limit + 1 - rows.Count));
        var gaps = fromMs >= toMs ? [] : (await timeline.RecentAsync(new TimelineQuery(fromMs, toMs, GapColumns, Node: query.Node, Lanes: 0) { OmitsSums = true }, ct)).Gaps;
        var seen = reading.Health().Select(node => node.Node).ToHashSet(StringComparer.Ordinal);
        List<string> missing = [.. cluster.Current.Nodes.Keys.Where(node => !seen.Contains(node) && (query.Node is null || node == query.Node)).Order(StringComparer.Ordinal)];
        long keptMs = nowMs - (long)keep.Nodes.Seconds.TotalMilliseconds;
        return new ResetWindow(fromMs, toMs, rows.Count > query.Limit ? rows[..query.Limit] : rows, rows.Count > query.Limit, gaps, missing, fromMs < keptMs ? keptMs : null);
    }

    private IEnumerable<NamedReset> Newest(TimelineQueryExecutor reading, ResetQuery query, long fromMs)
    {
        var (map, history) = (cluster.Current, cluster.History);
        return reading.Reports(fromMs, query.ToMs).Where(report => MayMatch(query, report)).Select(Named).Where(query.Matches).Order(ByTime);

        NamedReset Named(ResetDeduplicator.Report report)
        {
            if (_named.TryGetValue(report, out var known))
                return known;
            var named = NamedReset.Of(report.Node, report.Reset, reading.ServiceOf(report.Reset), history, map);
            if (reading.NowMs - report.Reset.AtMs > NamedMs && cluster.IsReady)
                _named.AddOrUpdate(report, named);
            return named;
        }
    }

    // What needs no name.
    private static bool MayMatch(ResetQuery query, ResetDeduplicator.Report report) =>
        (query.Node is null || report.Node == query.Node) && (query.Kind is null || report.Reset.Kind == query.Kind);

    // Pages ask again and again, with a window that has moved by a second.
    private async Task<List<NamedReset>> StoredAsync(ResetQuery query, long toMs, long nowMs, CancellationToken ct)
    {
        var key = query with { FromMs = query.FromMs - (query.FromMs % StoredTtlMs), ToMs = 0 };
        long endMs = toMs - (toMs % StoredTtlMs);
        Task<List<NamedReset>> read;
        lock (_lock)
        {
            _stored.RemoveAll(kept => nowMs - kept.AtMs is < 0 or > StoredTtlMs || kept.Rows.IsFaulted);
            read = _stored.Find(kept => kept.Query == key && kept.ToMs == endMs).Rows;
            if (read is null)
            {
                if (_stored.Count >= MaxCached)
                    _stored.RemoveAt(0);
                read = Task.Run(() => ReadStoredAsync(query with { FromMs = key.FromMs }, toMs), CancellationToken.None);
                _stored.Add((key, endMs, nowMs, read));
            }
        }

        return (await read.WaitAsync(ct)).FindAll(row => row.AtMs >= query.FromMs && row.AtMs < toMs);
    }

    private async Task<List<NamedReset>> ReadStoredAsync(ResetQuery query, long toMs)
    {
        var (map, history) = (cluster.Current, await owners.LoadAsync(query.FromMs, toMs, CancellationToken.None));
        using var blocks = new StoredBlocks(databases);
        using var row = blocks.NewestFirst(BlockKind.ReportedResets, Level.Finest, query.FromMs - Level.MinuteMs, toMs);
        var rows = new List<NamedReset>();
        var reported = new Dictionary<string, List<NodeFrame>>();
        long minuteMs = -1;
        // A reset that two nodes report is in the blocks of both: a minute is complete when the next one begins.
        while (rows.Count <= query.Limit && row.Read())
        {
            if (row.GetInt64(1) is var atMs && atMs != minuteMs)
            {
                Add();
                (minuteMs, reported) = (atMs, []);
            }

            reported[row.GetString(0)] = ReportedResets.Read(StoredBlocks.Bytes(row));
        }

        Add();
        return rows;

        void Add() => rows.AddRange(ReportedResets.Reports(reported)
            .Where(report => report.Reset.AtMs >= Math.Max(minuteMs, query.FromMs) && report.Reset.AtMs < Math.Min(minuteMs + Level.MinuteMs, toMs) && MayMatch(query, report))
            .Select(report => NamedReset.Of(report.Node, report.Reset, ServiceOf(report.Reset, history, map), history, map)).Where(query.Matches).Order(ByTime));
    }

    private static ServiceKey? ServiceOf(in Reset reset, OwnershipHistory history, ClusterMap map) => reset.Vip.IsNone ? null
        : (history.ServiceAt(Protocols.Tcp, reset.Vip, reset.Vport, reset.AtMs) ?? history.LastServiceUntil(Protocols.Tcp, reset.Vip, reset.Vport, reset.AtMs))?.Key
            ?? map.ServiceAt(Protocols.Tcp, reset.Vip, reset.Vport);

    private static readonly Comparer<NamedReset> ByTime = Comparer<NamedReset>.Create((a, b) =>
        a.AtMs != b.AtMs ? b.AtMs.CompareTo(a.AtMs) : string.CompareOrdinal(a.Id, b.Id));
}
