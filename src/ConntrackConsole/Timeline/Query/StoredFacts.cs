using ConntrackConsole.Cluster.State;
using ConntrackConsole.Lifecycle;
using ConntrackConsole.Storage;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Timeline.Storage;
using ConntrackConsole.Wire;
using Microsoft.EntityFrameworkCore;

namespace ConntrackConsole.Timeline.Query;

/// <summary>Reads the persisted facts of a window: terminations, rollouts, gaps, settings and the cluster's resets.</summary>
internal sealed class StoredFacts(IDbContextFactory<ConsoleDb> databases, ClusterState cluster, RuleSyncReader syncs)
{
    public const int MaxRows = 10_000;

    // A pod takes at most this long to end, and a rollout to finish, for a window to find it by its start.
    private const long MaxTerminationMs = 24 * 3_600_000L;
    private const long MaxRolloutMs = 7 * MaxTerminationMs;

    private const long SharedMs = 3_000;
    private const long SharedFromMs = 60_000;

    private SharedGaps? _gaps;

    public async Task<List<TerminationSpan>> TerminationsAsync(TimelineQuery query, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(query);
        await using var db = await databases.CreateDbContextAsync(ct);
        var rows = db.Terminations.AsNoTracking().Where(t => t.DeletionRequestedMs >= query.FromMs - MaxTerminationMs && t.DeletionRequestedMs <= query.ToMs);
        if (query.Namespace is { } ns)
            rows = rows.Where(t => t.Namespace == ns);
        if (query.Node is { } node)
            rows = rows.Where(t => t.Node == node);
        if (query.Service is { } service)
            rows = rows.Where(t => t.ServiceName == service || t.ServiceNamespace + "/" + t.ServiceName == service);
        var map = cluster.Current;
        return await syncs.CompleteAsync(
        [
            .. from row in await rows.OrderByDescending(t => t.DeletionRequestedMs).Take(MaxRows).ToListAsync(ct)
               let t = TerminationMapper.Termination(row)
               where Math.Max(t.OverMs ?? query.ToMs, t.EndpointRemovedMs ?? 0) >= query.FromMs
               orderby t.DeletionRequestedMs
               select new TerminationSpan(
                   t.Uid, t.Namespace, t.Pod, t.PodIp.ToString(), t.Node, t.Service?.ToString(), t.DeletionRequestedMs, t.EndpointTerminatingMs,
                   t.EndpointRemovedMs, t.ContainerFinishedMs, t.ExitCode, t.DeletedMs,
                   t.PodIp.IsNone ? OwnerState.Unknown : map.OwnerOf(t.PodIp).State, 0) { Reported = t },
        ], ct);
    }

    /// <summary>Completes terminations with the kube-proxy syncs of all nodes.</summary>
    public Task<List<TerminationSpan>> CompleteAsync(List<TerminationSpan> spans, CancellationToken ct) => syncs.CompleteAsync(spans, ct);

    public async Task<List<Rollout>> RolloutsAsync(TimelineQuery query, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(query);
        await using var db = await databases.CreateDbContextAsync(ct);
        var rows = db.Rollouts.AsNoTracking().Where(r => r.StartedMs >= query.FromMs - MaxRolloutMs && r.StartedMs <= query.ToMs);
        if (query.Namespace is { } ns)
            rows = rows.Where(r => r.Namespace == ns);
        return
        [
            .. from r in await rows.OrderByDescending(r => r.StartedMs).Take(MaxRows).ToListAsync(ct)
               where (r.FinishedMs ?? r.RolledBackMs ?? r.AbandonedMs ?? query.ToMs) >= query.FromMs
               orderby r.StartedMs
               select TerminationMapper.Rollout(r),
        ];
    }

    public async Task<List<PodRestart>> RestartsAsync(TimelineQuery query, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(query);
        await using var db = await databases.CreateDbContextAsync(ct);
        var rows = db.PodRestarts.AsNoTracking().Where(r => r.AtMs >= query.FromMs && r.AtMs <= query.ToMs);
        if (query.Namespace is { } ns)
            rows = rows.Where(r => r.Namespace == ns);
        if (query.Node is { } node)
            rows = rows.Where(r => r.Node == node);
        if (query.Service is { } service)
            rows = rows.Where(r => r.ServiceName == service || r.ServiceNamespace + "/" + r.ServiceName == service);
        return (await rows.OrderByDescending(r => r.AtMs).Take(MaxRows).ToListAsync(ct)).ConvertAll(TerminationMapper.Restart);
    }

    /// <summary>
    /// Gaps that overlap the window. A large cluster has one of each node at least, and every reader of a window up to now asks for
    /// them: they are read once in three seconds, and newer ones are in memory.
    /// </summary>
    public async Task<IReadOnlyList<GapSpan>> GapsAsync(TimelineQuery query, long nowMs, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(query);
        if (query.ToMs < nowMs)
            return await ReadGapsAsync(query, ct);
        long fromMs = query.FromMs - (query.FromMs % SharedFromMs);
        var shared = Volatile.Read(ref _gaps);
        if (shared is null || shared.FromMs != fromMs || nowMs - shared.AtMs is < 0 or > SharedMs)
        {
            shared = new SharedGaps(fromMs, nowMs, await ReadGapsAsync(new TimelineQuery(fromMs, nowMs, 1), ct));
            Volatile.Write(ref _gaps, shared);
        }

        return [.. shared.Gaps.Where(gap => gap.ToMs >= query.FromMs && (query.Node is null || gap.Node is null || gap.Node == query.Node))];
    }

    private async Task<List<GapSpan>> ReadGapsAsync(TimelineQuery query, CancellationToken ct)
    {
        await using var db = await databases.CreateDbContextAsync(ct);
        var rows = db.Gaps.AsNoTracking().Where(g => g.FromMs <= query.ToMs && g.ToMs >= query.FromMs);
        if (query.Node is { } node)
            rows = rows.Where(g => g.Node == null || g.Node == node);
        return (await rows.OrderByDescending(g => g.FromMs).Take(MaxRows).ToListAsync(ct)).ConvertAll(FactsArchive.Gap);
    }

    public async Task<List<ReportedSetting>> SettingsAsync(TimelineQuery query, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(query);
        await using var db = await databases.CreateDbContextAsync(ct);
        var rows = db.Settings.AsNoTracking().Where(s => s.AtMs >= query.FromMs && s.AtMs <= query.ToMs);
        if (query.Node is { } node)
            rows = rows.Where(s => s.Node == node);
        return (await rows.OrderByDescending(s => s.AtMs).Take(MaxRows).ToListAsync(ct)).ConvertAll(FactsArchive.Setting);
    }

    private sealed record SharedGaps(long FromMs, long AtMs, List<GapSpan> Gaps);

    /// <summary>Deduplicated over all nodes, summed into the columns before <paramref name="endColumn"/>.</summary>
    public async Task ResetsAsync(TimelineQuery query, long stepMs, int endColumn, int[,] into, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(query);
        ArgumentNullException.ThrowIfNull(into);
        await foreach (var (second, kind, count) in StoredResets.ReadAsync(databases, (query.FromMs + 999) / 1000, (query.FromMs + (endColumn * stepMs) + 999) / 1000, ct))
        {
            long column = ((second * 1000) - query.FromMs) / stepMs;
            if (column >= 0 && column < endColumn && kind is >= 0 and < ResetOverflow.Length)
                into[column, kind] += count;
        }
    }
}
