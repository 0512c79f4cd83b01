using ConntrackConsole.Cluster;
using ConntrackConsole.Storage;
using ConntrackConsole.Wire;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;

namespace ConntrackConsole.Timeline;

/// <summary>
/// Terminations and resets as rows, so that a restart in the middle of an incident forgets neither; also the second's
/// beat by which open pages learn that a node fell silent.
/// </summary>
public sealed partial class TimelineArchive(
    IDbContextFactory<ConsoleDb> databases, TimelineStore timeline, ClusterState cluster, TimelineReplay replay, TimeProvider time, ILogger<TimelineArchive> log)
    : BackgroundService
{
    // The other node that saw a reset may be this late with its word.
    private const long SettleMs = 3_000;

    private readonly Dictionary<string, Termination> _saved = [];

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
        foreach (var row in rows)
            _saved[row.Uid] = Termination(row);
        cluster.Remember(_saved.Values);
        long since = (time.GetUtcNow().ToUnixTimeMilliseconds() - TimelineStore.HorizonMs) / 1000;
        // Where the frames themselves are there, they tell more.
        long countedFrom = replay.All() / 1000;
        var resets = await db.ResetSeconds.AsNoTracking().Where(r => r.Second >= since && r.Second < countedFrom && r.Kind < ResetOverflow.Length).ToListAsync(ct);
        timeline.RestoreResets(resets.Select(r => (r.Second, (ResetKind)r.Kind, r.Count)));
    }

    public async Task SaveAsync(long settledBeforeMs, CancellationToken ct)
    {
        var ended = cluster.Terminations.Where(t => _saved.GetValueOrDefault(t.Uid) != t).ToList();
        var resets = timeline.TakeUnsavedResets(settledBeforeMs);
        if (ended.Count == 0 && resets.Count == 0)
            return;
        try
        {
            await WriteAsync(ended, resets, ct);
        }
        catch
        {
            timeline.KeepUnsavedResets(resets.Select(r => r.Second));
            throw;
        }

        foreach (var termination in ended)
            _saved[termination.Uid] = termination;
    }

    private async Task WriteAsync(List<Termination> ended, List<(long Second, int[] Counts)> resets, CancellationToken ct)
    {
        await using var db = await databases.CreateDbContextAsync(ct);
        foreach (var termination in ended)
        {
            var row = Row(termination);
            db.Entry(row).State = _saved.ContainsKey(termination.Uid) ? EntityState.Modified : EntityState.Added;
        }

        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        await db.SaveChangesAsync(ct);
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

    private static Termination Termination(TerminationRow row) => new(
        row.Uid, row.Namespace, row.Pod, Ip.TryParse(row.PodIp, out var ip) ? ip : default, row.Node,
        row is { ServiceNamespace: { } ns, ServiceName: { } name } ? new ServiceKey(ns, name) : null,
        row.AskedMs, row.EndpointTerminatingMs, row.EndpointRemovedMs, row.ContainerFinishedMs, row.ExitCode, row.DeletedMs)
    {
        Cause = (TerminationCause)row.Cause, Evidence = row.Evidence, RolloutId = row.RolloutId,
        Workload = row is { WorkloadKind: { } kind, WorkloadName: { } workload, WorkloadUid: { } uid } ? new OwnerRef(kind, workload, uid) : null,
        GraceSeconds = row.GraceSeconds, EndpointNotReadyMs = row.EndpointNotReadyMs, StopSignalMs = row.StopSignalMs,
        HasPreStop = row.HasPreStop, PreStopFailure = row.PreStopFailure, ExitSignal = row.ExitSignal, ExitReason = row.ExitReason,
        IpReusedMs = row.IpReusedMs, IpReusedBy = row.IpReusedBy,
    };

    private static TerminationRow Row(Termination t) => new()
    {
        Uid = t.Uid, Namespace = t.Namespace, Pod = t.Pod, PodIp = t.PodIp.ToString(), Node = t.Node,
        ServiceNamespace = t.Service?.Namespace, ServiceName = t.Service?.Name, AskedMs = t.AskedMs,
        EndpointTerminatingMs = t.EndpointTerminatingMs, EndpointRemovedMs = t.EndpointRemovedMs,
        ContainerFinishedMs = t.ContainerFinishedMs, ExitCode = t.ExitCode, DeletedMs = t.DeletedMs,
        Cause = (byte)t.Cause, Evidence = t.Evidence, RolloutId = t.RolloutId,
        WorkloadKind = t.Workload?.Kind, WorkloadName = t.Workload?.Name, WorkloadUid = t.Workload?.Uid,
        GraceSeconds = t.GraceSeconds, EndpointNotReadyMs = t.EndpointNotReadyMs, StopSignalMs = t.StopSignalMs,
        HasPreStop = t.HasPreStop, PreStopFailure = t.PreStopFailure, ExitSignal = t.ExitSignal, ExitReason = t.ExitReason,
        IpReusedMs = t.IpReusedMs, IpReusedBy = t.IpReusedBy,
    };

    [LoggerMessage(Level = LogLevel.Error, Message = "Terminations and resets could not be saved: {Reason}")]
    private partial void LogNotSaved(string reason);
}
