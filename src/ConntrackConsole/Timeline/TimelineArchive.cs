using ConntrackConsole.Cluster;
using ConntrackConsole.Storage;
using ConntrackConsole.Wire;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;

namespace ConntrackConsole.Timeline;

/// <summary>
/// Terminations, rollouts, syncs and resets as rows, so that a restart in the middle of an incident forgets none; also the second's
/// beat by which open pages learn that a node fell silent.
/// </summary>
public sealed partial class TimelineArchive(
    IDbContextFactory<ConsoleDb> databases, TimelineStore timeline, ClusterState cluster, TimelineReplay replay, TimeProvider time, ILogger<TimelineArchive> log)
    : BackgroundService
{
    // The other node that saw a reset may be this late with its word.
    private const long SettleMs = 3_000;

    // SQLite takes so many parameters in one statement on every version.
    private const int MostKeys = 500;

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        await LoadAsync(cancellationToken);
        await base.StartAsync(cancellationToken);
    }

    public async Task LoadAsync(CancellationToken ct)
    {
        await using var db = await databases.CreateDbContextAsync(ct);
        var rows = await db.Terminations.AsNoTracking().OrderByDescending(t => t.AskedMs).Take(TerminationLog.Max).ToListAsync(ct);
        rows.Reverse();
        var rollouts = await db.Rollouts.AsNoTracking().OrderByDescending(r => r.StartedMs).Take(RolloutLog.Max).ToListAsync(ct);
        cluster.Remember(rows.Select(LifeRows.Termination), rollouts.Select(LifeRows.Rollout));
        long since = (time.GetUtcNow().ToUnixTimeMilliseconds() - TimelineStore.HorizonMs) / 1000;
        foreach (var sync in await db.Syncs.AsNoTracking().Where(s => s.AtMs >= since * 1000).ToListAsync(ct))
            timeline.RestoreSync(sync.Node, new RulesSync(sync.AtMs, sync.CoversMs, sync.SeenMs, sync.SyncP99));
        // Where the frames themselves are there, they tell more.
        long countedFrom = replay.All() / 1000;
        var resets = await db.ResetSeconds.AsNoTracking().Where(r => r.Second >= since && r.Second < countedFrom && r.Kind < ResetOverflow.Length).ToListAsync(ct);
        timeline.RestoreResets(resets.Select(r => (r.Second, (ResetKind)r.Kind, r.Count)));
    }

    public async Task SaveAsync(long settledBeforeMs, CancellationToken ct)
    {
        var (ended, rollouts) = cluster.TakeUnsaved();
        var syncs = timeline.TakeUnsavedSyncs();
        var resets = timeline.TakeUnsavedResets(settledBeforeMs);
        if (ended.Count + rollouts.Count + syncs.Count + resets.Count == 0)
            return;
        try
        {
            await WriteAsync(ended, rollouts, syncs, resets, ct);
        }
        catch
        {
            cluster.KeepUnsaved(ended, rollouts);
            timeline.KeepUnsavedSyncs(syncs);
            timeline.KeepUnsavedResets(resets.Select(r => r.Second));
            throw;
        }
    }

    private async Task WriteAsync(
        List<Termination> ended, List<Rollout> rollouts, List<(string Node, RulesSync Sync)> syncs, List<(long Second, int[] Counts)> resets, CancellationToken ct)
    {
        await using var db = await databases.CreateDbContextAsync(ct);
        foreach (var part in ended.Chunk(MostKeys))
        {
            string[] uids = [.. part.Select(t => t.Uid)];
            var known = (await db.Terminations.Where(t => uids.Contains(t.Uid)).Select(t => t.Uid).ToListAsync(ct)).ToHashSet();
            foreach (var termination in part)
                db.Entry(LifeRows.Row(termination)).State = known.Contains(termination.Uid) ? EntityState.Modified : EntityState.Added;
        }

        foreach (var part in rollouts.Chunk(MostKeys))
        {
            string[] ids = [.. part.Select(r => r.Id)];
            var known = (await db.Rollouts.Where(r => ids.Contains(r.Id)).Select(r => r.Id).ToListAsync(ct)).ToHashSet();
            foreach (var rollout in part)
                db.Entry(LifeRows.Row(rollout)).State = known.Contains(rollout.Id) ? EntityState.Modified : EntityState.Added;
        }

        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        await db.SaveChangesAsync(ct);
        foreach (var (node, sync) in syncs)
        {
            await db.Database.ExecuteSqlAsync(
                $"INSERT INTO Syncs (Node, AtMs, CoversMs, SeenMs, SyncP99) VALUES ({node}, {sync.AtMs}, {sync.CoversMs}, {sync.SeenMs}, {sync.P99}) ON CONFLICT (Node, AtMs) DO UPDATE SET CoversMs = MAX(CoversMs, excluded.CoversMs)", ct);
        }

        foreach (var (second, counts) in resets)
        {
            // Zeros too: a late word of the other node may have taken a count back that was written before.
            for (int kind = 0; kind < counts.Length; kind++)
            {
                await db.Database.ExecuteSqlAsync(
                    $"INSERT INTO ResetSeconds (Second, Kind, Count) VALUES ({second}, {kind}, {counts[kind]}) ON CONFLICT (Second, Kind) DO UPDATE SET Count = excluded.Count", ct);
            }
        }

        await transaction.CommitAsync(ct);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1), time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                timeline.Tick();
                await TrySaveAsync(time.GetUtcNow().ToUnixTimeMilliseconds() - SettleMs, stoppingToken);
            }
        }
        catch (OperationCanceledException)
        {
            // What is not yet settled is saved with the rest: there will be no later word.
            await TrySaveAsync(long.MaxValue, CancellationToken.None);
        }
    }

    private async Task TrySaveAsync(long settledBeforeMs, CancellationToken ct)
    {
        try
        {
            await SaveAsync(settledBeforeMs, ct);
        }
        catch (Exception e) when (e is SqliteException or DbUpdateException)
        {
            LogNotSaved((e.InnerException ?? e).Message);
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Terminations, rollouts, syncs and resets could not be saved: {Reason}")]
    private partial void LogNotSaved(string reason);
}
