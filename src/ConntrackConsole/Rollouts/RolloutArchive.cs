using ConntrackConsole.Lifecycle;
using ConntrackConsole.Storage;
using Microsoft.EntityFrameworkCore;

namespace ConntrackConsole.Rollouts;

/// <summary>Selects rollouts by their start. A null filter matches everything.</summary>
/// <param name="Workload">Name of the workload.</param>
internal sealed record RolloutFilter(long FromMs = 0, long ToMs = long.MaxValue, string? Namespace = null, string? Workload = null)
{
    public bool Has(Rollout rollout)
    {
        ArgumentNullException.ThrowIfNull(rollout);
        return rollout.StartedMs >= FromMs && rollout.StartedMs <= ToMs && (Namespace is null || rollout.Namespace == Namespace) && (Workload is null || rollout.Name == Workload);
    }
}

/// <summary>The last item of a page; the next page starts after it.</summary>
internal sealed record RolloutCursor(long StartedMs, string Id)
{
    public bool IsBefore(Rollout rollout)
    {
        ArgumentNullException.ThrowIfNull(rollout);
        return rollout.StartedMs < StartedMs || (rollout.StartedMs == StartedMs && string.CompareOrdinal(rollout.Id, Id) < 0);
    }
}

/// <summary>Reads rollouts and the terminations of one: from the database, and from memory what is newer.</summary>
internal sealed class RolloutArchive(IDbContextFactory<ConsoleDb> databases, TerminationLog log)
{
    // A pod's deletion request and the start of its rollout arrive on different watches.
    private const long SlackMs = 3_600_000;

    /// <summary>Maximum number of terminations that one report has.</summary>
    public const int MaxPods = 10_000;

    /// <summary>Newest first.</summary>
    public async Task<IReadOnlyList<Rollout>> ReadAsync(RolloutFilter filter, RolloutCursor? after, int max, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(filter);
        await using var db = await databases.CreateDbContextAsync(ct);
        var rows = db.Rollouts.AsNoTracking().Where(row => row.StartedMs >= filter.FromMs && row.StartedMs <= filter.ToMs);
        if (filter.Namespace is { } ns)
            rows = rows.Where(row => row.Namespace == ns);
        if (filter.Workload is { } workload)
            rows = rows.Where(row => row.Name == workload);
        if (after is { StartedMs: var startedMs, Id: var id })
            rows = rows.Where(row => row.StartedMs < startedMs || (row.StartedMs == startedMs && string.Compare(row.Id, id) < 0));
        var saved = await rows.OrderByDescending(row => row.StartedMs).ThenByDescending(row => row.Id).Take(max).ToListAsync(ct);
        // A start can move while it is in memory, so memory decides.
        var current = log.Rollouts.Current.ToDictionary(rollout => rollout.Id);
        return
        [
            .. saved.Where(row => !current.ContainsKey(row.Id)).Select(TerminationMapper.Rollout)
                .Concat(current.Values.Where(rollout => filter.Has(rollout) && after?.IsBefore(rollout) != false))
                .OrderByDescending(rollout => rollout.StartedMs).ThenByDescending(rollout => rollout.Id, StringComparer.Ordinal).Take(max),
        ];
    }

    public async Task<Rollout?> FindAsync(string id, CancellationToken ct)
    {
        if (log.Rollouts.Current.FirstOrDefault(rollout => rollout.Id == id) is { } current)
            return current;
        await using var db = await databases.CreateDbContextAsync(ct);
        return await db.Rollouts.AsNoTracking().FirstOrDefaultAsync(row => row.Id == id, ct) is { } row ? TerminationMapper.Rollout(row) : null;
    }

    /// <summary>The newest rollouts of the same workload that started before this one.</summary>
    public async Task<IReadOnlyList<Rollout>> EarlierAsync(Rollout rollout, int max, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(rollout);
        var earlier = await ReadAsync(new RolloutFilter(0, rollout.StartedMs, rollout.Namespace, rollout.Name), new RolloutCursor(rollout.StartedMs, rollout.Id), max * 2, ct);
        return [.. earlier.Where(one => one.WorkloadUid == rollout.WorkloadUid).Take(max)];
    }

    /// <summary>The terminations of one rollout, oldest first.</summary>
    public async Task<IReadOnlyList<Termination>> TerminationsAsync(Rollout rollout, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(rollout);
        var current = log.Current.Where(t => t.RolloutId == rollout.Id).ToDictionary(t => t.Uid);
        await using var db = await databases.CreateDbContextAsync(ct);
        long fromMs = rollout.StartedMs - SlackMs;
        var rows = await db.Terminations.AsNoTracking().Where(t => t.DeletionRequestedMs >= fromMs && t.RolloutId == rollout.Id).OrderBy(t => t.DeletionRequestedMs).Take(MaxPods).ToListAsync(ct);
        return
        [
            .. rows.Where(row => !current.ContainsKey(row.Uid)).Select(TerminationMapper.Termination).Concat(current.Values)
                .OrderBy(t => t.DeletionRequestedMs).ThenBy(t => t.Pod, StringComparer.Ordinal),
        ];
    }

    /// <summary>How many pods each rollout has terminated.</summary>
    public async Task<Dictionary<string, int>> PodsAsync(IReadOnlyCollection<Rollout> rollouts, CancellationToken ct)
    {
        if (rollouts.Count == 0)
            return [];
        var ids = rollouts.Select(rollout => rollout.Id).ToHashSet();
        long fromMs = rollouts.Min(rollout => rollout.StartedMs) - SlackMs;
        await using var db = await databases.CreateDbContextAsync(ct);
        var saved = await db.Terminations.AsNoTracking().Where(t => t.DeletionRequestedMs >= fromMs && t.RolloutId != null && ids.Contains(t.RolloutId)).Select(t => new { t.Uid, t.RolloutId }).ToListAsync(ct);
        // A termination in memory may have been attributed to a rollout, or to another one, since it was saved.
        var current = log.Current.ToDictionary(t => t.Uid, t => t.RolloutId);
        return saved.Where(t => !current.ContainsKey(t.Uid)).Select(t => t.RolloutId)
            .Concat(current.Values.Where(id => id is not null && ids.Contains(id)))
            .GroupBy(id => id!).ToDictionary(same => same.Key, same => same.Count());
    }
}
