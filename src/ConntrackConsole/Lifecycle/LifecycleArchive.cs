using ConntrackConsole.Storage;
using Microsoft.EntityFrameworkCore;

namespace ConntrackConsole.Lifecycle;

/// <summary>What an earlier run saved; each list ends with the newest.</summary>
internal sealed record SavedLifecycle(IReadOnlyList<Termination> Terminations, IReadOnlyList<Rollout> Rollouts, IReadOnlyList<PodRestart> Restarts);

/// <summary>Stores terminations, rollouts and restarts, so that a restart of the console in the middle of an incident loses none.</summary>
internal sealed class LifecycleArchive(IDbContextFactory<ConsoleDb> databases, TerminationLog log)
{
    // The number of parameters that SQLite accepts in one statement on every version.
    private const int MaxKeys = 500;

    internal static readonly AgedRows[] Aged =
    [
        // The diagnosis of a window reads terminations of two hours before it.
        new("DELETE FROM Terminations WHERE rowid IN (SELECT rowid FROM Terminations WHERE AskedMs < $a AND NOT EXISTS (SELECT 1 FROM Pins WHERE AskedMs BETWEEN FromMs - 7200000 AND ToMs) LIMIT 500)"),
        new("DELETE FROM Rollouts WHERE rowid IN (SELECT rowid FROM Rollouts r WHERE r.StartedMs < $a AND NOT EXISTS (SELECT 1 FROM Pins p WHERE r.StartedMs <= p.ToMs AND COALESCE(r.FinishedMs, r.RolledBackMs, r.AbandonedMs, r.StartedMs) >= p.FromMs) LIMIT 500)"),
        new("DELETE FROM RolloutReports WHERE rowid IN (SELECT rowid FROM RolloutReports WHERE StartedMs < $a AND Id NOT IN (SELECT Id FROM Rollouts) LIMIT 500)"),
        new("DELETE FROM PodRestarts WHERE rowid IN (SELECT rowid FROM PodRestarts WHERE AtMs < $a AND NOT EXISTS (SELECT 1 FROM Pins WHERE AtMs BETWEEN FromMs AND ToMs) LIMIT 500)"),
    ];

    /// <summary>Reads the newest of an earlier run, as many as memory holds.</summary>
    public async Task<SavedLifecycle> LoadAsync(CancellationToken ct)
    {
        await using var db = await databases.CreateDbContextAsync(ct);
        var rows = await db.Terminations.AsNoTracking().OrderByDescending(t => t.DeletionRequestedMs).Take(TerminationLog.Max).ToListAsync(ct);
        rows.Reverse();
        var rollouts = await db.Rollouts.AsNoTracking().OrderByDescending(r => r.StartedMs).Take(RolloutLog.Max).ToListAsync(ct);
        var restarts = await db.PodRestarts.AsNoTracking().OrderByDescending(r => r.AtMs).Take(RestartLog.Max).ToListAsync(ct);
        restarts.Reverse();
        return new SavedLifecycle(
            rows.ConvertAll(TerminationMapper.Termination), rollouts.ConvertAll(TerminationMapper.Rollout), restarts.ConvertAll(TerminationMapper.Restart));
    }

    /// <summary>Writes what changed since the last save; it stays changed if this fails.</summary>
    public async Task SaveAsync(CancellationToken ct)
    {
        var (ended, rollouts, restarts) = (log.DrainDirty(), log.Rollouts.DrainDirty(), log.Restarts.DrainDirty());
        if (ended.Count + rollouts.Count + restarts.Count == 0)
            return;
        try
        {
            await WriteAsync(ended, rollouts, restarts, ct);
        }
        catch
        {
            log.Requeue(ended);
            log.Rollouts.Requeue(rollouts);
            log.Restarts.Requeue(restarts);
            throw;
        }
    }

    private async Task WriteAsync(List<Termination> ended, List<Rollout> rollouts, List<PodRestart> restarts, CancellationToken ct)
    {
        await using var db = await databases.CreateDbContextAsync(ct);
        foreach (var part in ended.Chunk(MaxKeys))
        {
            string[] uids = [.. part.Select(t => t.Uid)];
            var known = (await db.Terminations.Where(t => uids.Contains(t.Uid)).Select(t => t.Uid).ToListAsync(ct)).ToHashSet();
            foreach (var termination in part)
                db.Entry(TerminationMapper.Row(termination)).State = known.Contains(termination.Uid) ? EntityState.Modified : EntityState.Added;
        }

        foreach (var part in rollouts.Chunk(MaxKeys))
        {
            string[] ids = [.. part.Select(r => r.Id)];
            var known = (await db.Rollouts.Where(r => ids.Contains(r.Id)).Select(r => r.Id).ToListAsync(ct)).ToHashSet();
            foreach (var rollout in part)
                db.Entry(TerminationMapper.Row(rollout)).State = known.Contains(rollout.Id) ? EntityState.Modified : EntityState.Added;
        }

        foreach (var part in restarts.Chunk(MaxKeys))
        {
            string[] ids = [.. part.Select(r => r.Id)];
            var known = (await db.PodRestarts.Where(r => ids.Contains(r.Id)).Select(r => r.Id).ToListAsync(ct)).ToHashSet();
            db.PodRestarts.AddRange(part.Where(r => !known.Contains(r.Id)).Select(TerminationMapper.Row));
        }

        await db.SaveChangesAsync(ct);
    }
}
