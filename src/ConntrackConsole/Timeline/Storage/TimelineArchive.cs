using ConntrackConsole.Cluster.State;
using ConntrackConsole.Lifecycle;
using ConntrackConsole.Nodes;
using ConntrackConsole.Storage;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Wire;
using Microsoft.EntityFrameworkCore;

namespace ConntrackConsole.Timeline.Storage;

/// <summary>
/// Persists terminations, rollouts and syncs, so that a restart in the middle of an incident loses none; also raises the signal
/// of each second by which open pages learn that a node became silent. Resets are stored by the rollup alone.
/// </summary>
internal sealed partial class TimelineArchive(
    IDbContextFactory<ConsoleDb> databases, TimelineStore timeline, ClusterState cluster, TimelineReplay replay, TimeProvider time, ILogger<TimelineArchive> log)
    : PeriodicArchive(TimeSpan.FromSeconds(1), time)
{
    private const int BusySeconds = 30;

    // How long the start waits for the history: of a small cluster it is complete then.
    private const long LoadMs = 1_000;

    private readonly BulkConnection _rows = new(databases, BusySeconds);

    // The number of parameters that SQLite accepts in one statement on every version.
    private const int MaxKeys = 500;

    internal static readonly AgedRows[] Aged =
    [
        new("DELETE FROM Terminations WHERE rowid IN (SELECT rowid FROM Terminations WHERE AskedMs < $a AND NOT EXISTS (SELECT 1 FROM Pins WHERE AskedMs BETWEEN FromMs AND ToMs) LIMIT 500)"),
        new("DELETE FROM Rollouts WHERE rowid IN (SELECT rowid FROM Rollouts r WHERE r.StartedMs < $a AND NOT EXISTS (SELECT 1 FROM Pins p WHERE r.StartedMs <= p.ToMs AND COALESCE(r.FinishedMs, r.RolledBackMs, r.AbandonedMs, r.StartedMs) >= p.FromMs) LIMIT 500)"),
        new("DELETE FROM RolloutReports WHERE rowid IN (SELECT rowid FROM RolloutReports WHERE StartedMs < $a AND Id NOT IN (SELECT Id FROM Rollouts) LIMIT 500)"),
        new("DELETE FROM PodRestarts WHERE rowid IN (SELECT rowid FROM PodRestarts WHERE AtMs < $a AND NOT EXISTS (SELECT 1 FROM Pins WHERE AtMs BETWEEN FromMs AND ToMs) LIMIT 500)"),
        new("DELETE FROM Syncs WHERE rowid IN (SELECT rowid FROM Syncs WHERE AtMs < $a AND NOT EXISTS (SELECT 1 FROM Pins WHERE AtMs BETWEEN FromMs AND ToMs) LIMIT 500)"),
    ];

    public override async Task LoadAsync(CancellationToken ct)
    {
        await using var db = await databases.CreateDbContextAsync(ct);
        var rows = await db.Terminations.AsNoTracking().OrderByDescending(t => t.DeletionRequestedMs).Take(TerminationLog.Max).ToListAsync(ct);
        rows.Reverse();
        var rollouts = await db.Rollouts.AsNoTracking().OrderByDescending(r => r.StartedMs).Take(RolloutLog.Max).ToListAsync(ct);
        cluster.Restore(rows.Select(TerminationMapper.Termination), rollouts.Select(TerminationMapper.Rollout));
        var restarts = await db.PodRestarts.AsNoTracking().OrderByDescending(r => r.AtMs).Take(RestartLog.Max).ToListAsync(ct);
        restarts.Reverse();
        cluster.Restarts.Restore(restarts.Select(TerminationMapper.Restart));
        long since = (Time.GetUtcNow().ToUnixTimeMilliseconds() - TimelineStore.HorizonMs) / 1000;
        timeline.RestoreSyncs(Syncs(since * 1000));
        var resets = await db.ResetSeconds.AsNoTracking().Where(r => r.Second >= since && r.Kind < ResetOverflow.Length).ToListAsync(ct);
        // The frames themselves are read while the console listens; the applier does it. Where they still exist, they contain more.
        long countedFrom = replay.Begin(resets.Select(r => r.Second).ToHashSet()) / 1000;
        replay.Continue(LoadMs);
        timeline.RestoreResets(resets.Where(r => r.Second < countedFrom).Select(r => (r.Second, (ResetKind)r.Kind, r.Count)));
    }

    public override async Task SaveAsync(CancellationToken ct)
    {
        var (ended, rollouts) = cluster.DrainDirty();
        var restarts = cluster.Restarts.DrainDirty();
        var syncs = timeline.DrainDirtySyncs();
        if (ended.Count + rollouts.Count + restarts.Count + syncs.Count == 0)
            return;
        try
        {
            await WriteAsync(ended, rollouts, restarts, syncs, ct);
        }
        catch
        {
            cluster.Requeue(ended, rollouts);
            cluster.Restarts.Requeue(restarts);
            timeline.RequeueSyncs(syncs);
            throw;
        }
    }

    public override void Dispose()
    {
        _rows.Dispose();
        base.Dispose();
    }

    // By which open pages learn that a node became silent.
    protected override void Tick() => timeline.Tick();

    private async Task WriteAsync(List<Termination> ended, List<Rollout> rollouts, List<PodRestart> restarts, List<(string Node, RulesSync Sync)> syncs, CancellationToken ct)
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
        Write(syncs);
    }

    // Millions in a large cluster: one by one, without entities.
    private IEnumerable<(string Node, RulesSync Sync)> Syncs(long sinceMs)
    {
        using var row = _rows.Read("SELECT Node, AtMs, CoversMs, SeenMs, SyncP99 FROM Syncs WHERE AtMs >= $a ORDER BY Node, AtMs", sinceMs);
        string node = "";
        while (row.Read())
        {
            if (row.GetString(0) is var name && name != node)
                node = name;
            yield return (node, new RulesSync(row.GetInt64(1), row.GetInt64(2), row.GetInt64(3), row.GetDouble(4)));
        }
    }

    // In a large cluster hundreds in a second.
    private void Write(List<(string Node, RulesSync Sync)> syncs)
    {
        if (syncs.Count == 0)
            return;
        using var transaction = _rows.Begin();
        var put = _rows.Statement(
            "INSERT INTO Syncs (Node, AtMs, CoversMs, SeenMs, SyncP99) VALUES (?, ?, ?, ?, ?) ON CONFLICT (Node, AtMs) DO UPDATE SET CoversMs = MAX(CoversMs, excluded.CoversMs)");
        foreach (var (node, sync) in syncs)
            put.Bind(node).Bind(sync.AtMs).Bind(sync.CoversMs).Bind(sync.SeenMs).Bind(sync.P99).Execute();

        transaction.Commit();
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Terminations, rollouts and syncs could not be saved; will retry: {Reason}")]
    protected override partial void LogNotSaved(string reason);
}
