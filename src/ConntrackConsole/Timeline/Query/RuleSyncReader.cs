using ConntrackConsole.Lifecycle;
using ConntrackConsole.Nodes;
using ConntrackConsole.Storage;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Timeline.Model;
using Microsoft.EntityFrameworkCore;

namespace ConntrackConsole.Timeline.Query;

/// <summary>When the nodes' kube-proxies had applied a change of the endpoints: from memory, and from the database for older ones.</summary>
internal sealed class RuleSyncReader(IDbContextFactory<ConsoleDb> databases, TimelineStore timeline, TimeProvider time)
{
    // A sync this much later is not the one that removed the endpoint: the node did not report in between.
    private const long MaxSyncDelayMs = 600_000;

    // Of one range of changes that are close to each other.
    private const int MaxRows = 200_000;

    // Terminations of a window, times nodes.
    private const int MaxSyncs = 10_000;

    /// <summary>When each node's rules no longer contained the endpoint; empty if the endpoint never changed.</summary>
    public async Task<IReadOnlyList<NodeSync>> SyncsAsync(Termination termination, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(termination);
        return termination.EndpointChangedMs is { } changedMs ? (await SyncsAsync([termination], ct))[changedMs] : [];
    }

    /// <summary>Completes terminations with the syncs of all nodes, unless there are too many to be read.</summary>
    public async Task<List<TerminationSpan>> CompleteAsync(List<TerminationSpan> spans, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(spans);
        var changed = spans.Select(s => s.Reported).OfType<Termination>().Where(t => t.EndpointChangedMs is not null).ToList();
        if (changed.Count == 0)
            return spans;
        if ((long)changed.Count * timeline.Read(reading => reading.NodeCount) > MaxSyncs)
            return spans.ConvertAll(s => s with { SyncsOmitted = true });
        var syncs = await SyncsAsync(changed, ct);
        return spans.ConvertAll(s => s.Reported?.EndpointChangedMs is { } changedMs ? s with { Synced = syncs[changedMs] } : s);
    }

    // By the time of the endpoint's change.
    private async Task<Dictionary<long, IReadOnlyList<NodeSync>>> SyncsAsync(IReadOnlyCollection<Termination> changed, CancellationToken ct)
    {
        // Several that changed in the same absence have the same bound.
        var changes = changed.GroupBy(t => t.EndpointChangedMs!.Value).ToDictionary(same => same.Key, same => same.Min(t => t.EndpointChangedNotBeforeMs));
        long[] ordered = [.. changes.Keys.Order()];
        var syncs = timeline.Read(reading => ordered.ToDictionary(at => at, at => (IReadOnlyList<NodeSync>)reading.Syncs(at, changes[at])));
        long memoryMs = Math.Max(timeline.SyncsFromMs, time.GetUtcNow().ToUnixTimeMilliseconds() - TimelineStore.HorizonMs);
        long[] old = [.. ordered.Where(at => at < memoryMs)];
        if (old.Length == 0)
            return syncs;
        await using var db = await databases.CreateDbContextAsync(ct);
        for (int first = 0, last = 0; first < old.Length; first = ++last)
        {
            // The pods of a rollout change within seconds of each other: their syncs are one range.
            while (last + 1 < old.Length && old[last + 1] - old[last] <= MaxSyncDelayMs)
                last++;
            long fromMs = old[first] - SyncLog.WatchSkewMs, toMs = old[last] + MaxSyncDelayMs;
            var rows = await db.Syncs.AsNoTracking().Where(s => s.AtMs >= fromMs && s.AtMs <= toMs).OrderBy(s => s.AtMs)
                .Select(s => new { s.Node, s.AtMs, s.CoversMs }).Take(MaxRows).ToListAsync(ct);
            long readMs = rows.Count < MaxRows ? long.MaxValue : rows[^1].AtMs;
            var byNode = rows.ToLookup(s => s.Node, s => (s.AtMs, s.CoversMs));
            foreach (long changedMs in old[first..(last + 1)])
            {
                syncs[changedMs] =
                [
                    .. byNode.Select(s => s.Key).Union(syncs[changedMs].Select(s => s.Node)).Order(StringComparer.Ordinal)
                        .Select(node => First(node, changedMs, byNode[node], readMs)),
                ];
            }
        }

        return syncs;
    }

    private static NodeSync First(string node, long changedMs, IEnumerable<(long AtMs, long CoversMs)> syncs, long readMs)
    {
        long wanted = changedMs - SyncLog.WatchSkewMs;
        foreach (var (atMs, coversMs) in syncs)
        {
            if (atMs >= wanted && coversMs >= wanted && atMs <= changedMs + MaxSyncDelayMs)
                return new NodeSync(node, atMs);
        }

        return new NodeSync(node, null)
        {
            Unknown = readMs < changedMs + MaxSyncDelayMs
                ? "Too many syncs are stored for this range to be read: select a shorter one."
                : $"No kube-proxy data of {node} is stored for that time.",
        };
    }
}
