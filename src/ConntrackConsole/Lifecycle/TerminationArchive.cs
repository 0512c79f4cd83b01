using ConntrackConsole.Storage;
using Microsoft.EntityFrameworkCore;

namespace ConntrackConsole.Lifecycle;

/// <summary>Selects terminations by the time of their deletion request. A null filter matches everything.</summary>
/// <param name="Service">Name of a Service, or namespace/name.</param>
internal sealed record TerminationFilter(long FromMs, long ToMs, string? Namespace = null, string? Service = null, string? Node = null)
{
    public bool Has(Termination t)
    {
        ArgumentNullException.ThrowIfNull(t);
        return t.DeletionRequestedMs >= FromMs && t.DeletionRequestedMs <= ToMs
            && (Namespace is null || t.Namespace == Namespace) && (Node is null || t.Node == Node)
            && (Service is null || t.Service?.Name == Service || t.Service?.ToString() == Service);
    }
}

/// <summary>The last item of a page; the next page starts after it.</summary>
internal sealed record TerminationCursor(long DeletionRequestedMs, string Uid);

/// <summary>Reads terminations, newest first: from memory, and from the database those that are no longer in memory.</summary>
internal sealed class TerminationArchive(IDbContextFactory<ConsoleDb> databases, TerminationLog log)
{
    public async Task<IReadOnlyList<Termination>> ReadAsync(TerminationFilter filter, TerminationCursor? after, int max, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(filter);
        var kept = log.Current;
        var found = kept.Where(t => filter.Has(t) && (after is null || IsAfter(t.DeletionRequestedMs, t.Uid, after)))
            .OrderByDescending(t => t.DeletionRequestedMs).ThenByDescending(t => t.Uid, StringComparer.Ordinal).Take(max).ToList();
        // Memory starts with the newest saved ones: as long as it is not full it contains all of them.
        if (kept.Count < TerminationLog.Max)
            return found;
        var inMemory = kept.Select(t => t.Uid).ToHashSet();
        var saved = await SavedAsync(filter, after, max, ct);
        return [.. found.Concat(saved.Where(t => !inMemory.Contains(t.Uid)))
            .OrderByDescending(t => t.DeletionRequestedMs).ThenByDescending(t => t.Uid, StringComparer.Ordinal).Take(max)];
    }

    /// <summary>The rollouts of terminations, by id.</summary>
    public async Task<Dictionary<string, Rollout>> RolloutsAsync(IEnumerable<Termination> terminations, CancellationToken ct)
    {
        var wanted = terminations.Select(t => t.RolloutId).OfType<string>().ToHashSet();
        var found = log.Rollouts.Current.Where(r => wanted.Contains(r.Id)).ToDictionary(r => r.Id);
        string[] missing = [.. wanted.Except(found.Keys)];
        if (missing.Length == 0)
            return found;
        await using var db = await databases.CreateDbContextAsync(ct);
        foreach (var row in await db.Rollouts.AsNoTracking().Where(r => missing.Contains(r.Id)).ToListAsync(ct))
            found[row.Id] = TerminationMapper.Rollout(row);
        return found;
    }

    private async Task<List<Termination>> SavedAsync(TerminationFilter filter, TerminationCursor? after, int max, CancellationToken ct)
    {
        await using var db = await databases.CreateDbContextAsync(ct);
        var rows = db.Terminations.AsNoTracking().Where(t => t.DeletionRequestedMs >= filter.FromMs && t.DeletionRequestedMs <= filter.ToMs);
        if (filter.Namespace is { } ns)
            rows = rows.Where(t => t.Namespace == ns);
        if (filter.Node is { } node)
            rows = rows.Where(t => t.Node == node);
        if (filter.Service is { } service)
            rows = rows.Where(t => t.ServiceName == service || t.ServiceNamespace + "/" + t.ServiceName == service);
        if (after is { DeletionRequestedMs: var requestedMs, Uid: var uid })
            rows = rows.Where(t => t.DeletionRequestedMs < requestedMs || (t.DeletionRequestedMs == requestedMs && string.Compare(t.Uid, uid) < 0));
        var found = await rows.OrderByDescending(t => t.DeletionRequestedMs).ThenByDescending(t => t.Uid).Take(max).ToListAsync(ct);
        return found.ConvertAll(TerminationMapper.Termination);
    }

    private static bool IsAfter(long requestedMs, string uid, TerminationCursor cursor) =>
        requestedMs < cursor.DeletionRequestedMs || (requestedMs == cursor.DeletionRequestedMs && string.CompareOrdinal(uid, cursor.Uid) < 0);
}
