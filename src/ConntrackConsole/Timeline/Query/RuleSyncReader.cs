using ConntrackConsole.Lifecycle;
using ConntrackConsole.Nodes;
using ConntrackConsole.Storage;
using ConntrackConsole.Timeline.Live;
using Microsoft.EntityFrameworkCore;

namespace ConntrackConsole.Timeline.Query;

/// <summary>When the nodes' kube-proxies had applied a change of the endpoints: from memory, and from the database for older ones.</summary>
internal sealed class RuleSyncReader(IDbContextFactory<ConsoleDb> databases, TimelineStore timeline, TimeProvider time)
{
    // A sync this much later is not the one that removed the endpoint: the node did not report in between.
    private const long MaxSyncDelayMs = 600_000;

    /// <summary>When each node's rules no longer contained the endpoint; empty if the endpoint never changed.</summary>
    public async Task<IReadOnlyList<NodeSync>> SyncsAsync(Termination termination, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(termination);
        if (termination.EndpointChangedMs is not { } changedMs)
            return [];
        var syncs = timeline.SyncsAfter(changedMs);
        if (changedMs >= time.GetUtcNow().ToUnixTimeMilliseconds() - TimelineStore.HorizonMs)
            return syncs;
        await using var db = await databases.CreateDbContextAsync(ct);
        long wanted = changedMs - SyncLog.WatchSkewMs;
        var saved = await db.Syncs.AsNoTracking()
            .Where(s => s.AtMs >= wanted && s.AtMs <= changedMs + MaxSyncDelayMs && s.CoversMs >= wanted)
            .GroupBy(s => s.Node).Select(g => new { Node = g.Key, AtMs = g.Min(s => s.AtMs) })
            .ToDictionaryAsync(s => s.Node, s => s.AtMs, ct);
        return [.. saved.Keys.Union(syncs.Select(s => s.Node)).Order(StringComparer.Ordinal).Select(node => saved.TryGetValue(node, out long at)
            ? new NodeSync(node, at)
            : new NodeSync(node, null) { Unknown = $"No kube-proxy data of {node} is stored for that time." })];
    }
}
