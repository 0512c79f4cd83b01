using ConntrackConsole.Storage;
using Microsoft.EntityFrameworkCore;

namespace ConntrackConsole.Lifecycle;

/// <summary>Which endings are asked for, by when their end was asked. Filters that are null let everything through.</summary>
/// <param name="Service">A Service's name, or namespace/name.</param>
internal sealed record TerminationFilter(long FromMs, long ToMs, string? Namespace = null, string? Service = null, string? Node = null)
{
    public bool Has(Termination t)
    {
        ArgumentNullException.ThrowIfNull(t);
        return t.AskedMs >= FromMs && t.AskedMs <= ToMs
            && (Namespace is null || t.Namespace == Namespace) && (Node is null || t.Node == Node)
            && (Service is null || t.Service?.Name == Service || t.Service?.ToString() == Service);
    }
}

/// <summary>Behind this one goes a page on.</summary>
internal sealed record TerminationPlace(long AskedMs, string Uid);

/// <summary>Endings newest first: from memory, and from the database for those that memory no longer has.</summary>
internal sealed class TerminationArchive(IDbContextFactory<ConsoleDb> databases, TerminationLog log)
{
    public async Task<IReadOnlyList<Termination>> ReadAsync(TerminationFilter filter, TerminationPlace? after, int most, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(filter);
        var kept = log.Current;
        var found = kept.Where(t => filter.Has(t) && (after is null || IsBehind(t.AskedMs, t.Uid, after)))
            .OrderByDescending(t => t.AskedMs).ThenByDescending(t => t.Uid, StringComparer.Ordinal).Take(most).ToList();
        // Memory begins with the newest that were saved: while it is not full it has them all.
        if (kept.Count < TerminationLog.Max)
            return found;
        var inMemory = kept.Select(t => t.Uid).ToHashSet();
        var saved = await SavedAsync(filter, after, most, ct);
        return [.. found.Concat(saved.Where(t => !inMemory.Contains(t.Uid)))
            .OrderByDescending(t => t.AskedMs).ThenByDescending(t => t.Uid, StringComparer.Ordinal).Take(most)];
    }

    /// <summary>The rollouts of endings, by id.</summary>
    public async Task<Dictionary<string, Rollout>> RolloutsAsync(IEnumerable<Termination> endings, CancellationToken ct)
    {
        var wanted = endings.Select(t => t.RolloutId).OfType<string>().ToHashSet();
        var found = log.Rollouts.Current.Where(r => wanted.Contains(r.Id)).ToDictionary(r => r.Id);
        string[] missing = [.. wanted.Except(found.Keys)];
        if (missing.Length == 0)
            return found;
        await using var db = await databases.CreateDbContextAsync(ct);
        foreach (var row in await db.Rollouts.AsNoTracking().Where(r => missing.Contains(r.Id)).ToListAsync(ct))
            found[row.Id] = TerminationMapper.Rollout(row);
        return found;
    }

    private async Task<List<Termination>> SavedAsync(TerminationFilter filter, TerminationPlace? after, int most, CancellationToken ct)
    {
        await using var db = await databases.CreateDbContextAsync(ct);
        var rows = db.Terminations.AsNoTracking().Where(t => t.AskedMs >= filter.FromMs && t.AskedMs <= filter.ToMs);
        if (filter.Namespace is { } ns)
            rows = rows.Where(t => t.Namespace == ns);
        if (filter.Node is { } node)
            rows = rows.Where(t => t.Node == node);
        if (filter.Service is { } service)
            rows = rows.Where(t => t.ServiceName == service || t.ServiceNamespace + "/" + t.ServiceName == service);
        if (after is { AskedMs: var asked, Uid: var uid })
            rows = rows.Where(t => t.AskedMs < asked || (t.AskedMs == asked && string.Compare(t.Uid, uid) < 0));
        var found = await rows.OrderByDescending(t => t.AskedMs).ThenByDescending(t => t.Uid).Take(most).ToListAsync(ct);
        return found.ConvertAll(TerminationMapper.Termination);
    }

    private static bool IsBehind(long askedMs, string uid, TerminationPlace place) =>
        askedMs < place.AskedMs || (askedMs == place.AskedMs && string.CompareOrdinal(uid, place.Uid) < 0);
}
