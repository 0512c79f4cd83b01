using System.Data.Common;
using ConntrackConsole.Storage;
using Microsoft.EntityFrameworkCore;

namespace ConntrackConsole.Ownership;

/// <summary>
/// The history of ownership as rows: after a restart, and in a window that is older than what memory keeps, things have the
/// names that they had. What changed is saved every second.
/// </summary>
public sealed partial class OwnershipArchive(
    IDbContextFactory<ConsoleDb> databases, OwnershipHistory ownership, TimeProvider time, ILogger<OwnershipArchive> log) : BackgroundService
{
    // The frames' writer waits meanwhile.
    private const int RowsAtOnce = 5_000;
    private const int MostPerKey = 4_096;
    private const int BusySeconds = 30;

    // Without a change the moment up to which the cluster was followed is written this often: so exact is a restart's "last known".
    private const long WatchEveryMs = 5_000;

    internal static readonly AgedRows[] Aged = [.. ((string[])["Owners", "ServiceSpans", "EndpointSpans", "ClusterWatches"]).Select(AgedSpans)];

    private long _watchSavedMs;

    // What ended before, except what was so within a pinned window. A large cluster ends a hundred spans a second, and the
    // tables take turns: a larger portion.
    private static AgedRows AgedSpans(string table) => new(
        $"DELETE FROM {table} WHERE rowid IN (SELECT s.rowid FROM {table} s WHERE s.ToMs < $a "
        + "AND NOT EXISTS (SELECT 1 FROM Pins p WHERE p.FromMs <= s.ToMs AND p.ToMs >= s.FromMs) LIMIT 5000)");

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        await LoadAsync(cancellationToken);
        await base.StartAsync(cancellationToken);
    }

    /// <summary>Takes up what an earlier run saved, before anything new is seen.</summary>
    public async Task LoadAsync(CancellationToken ct)
    {
        await using var db = await databases.CreateDbContextAsync(ct);
        long watchedMs = await db.ClusterWatches.MaxAsync(w => (long?)w.ToMs, ct) ?? 0;
        using var rows = new BulkConnection(databases, BusySeconds);
        var reader = new SpanReader(rows);
        var owners = reader.Newest("Owners", SpanReader.OwnerColumns, SpanReader.Owner, OwnershipHistory.MaxClosedOwners, out bool allOwners);
        var services = reader.Newest("ServiceSpans", SpanReader.ServiceColumns, SpanReader.Service, OwnershipHistory.MaxClosedServices, out bool allServices);
        var endpoints = reader.Newest("EndpointSpans", SpanReader.EndpointColumns, SpanReader.SliceEndpoint, OwnershipHistory.MaxClosedEndpoints, out bool allEndpoints);
        ownership.Restore(owners, services, endpoints, watchedMs);
        ownership.Restore(await db.UnaddressedPods.Select(p => new UnaddressedPod(p.Uid, p.FullName, p.Node)).ToListAsync(ct));
        if (!allOwners)
            ownership.CompleteOnlySince(owners[0].ToMs ?? watchedMs);
        if (!allServices)
            ownership.CompleteOnlySince(services[0].ToMs ?? watchedMs);
        if (!allEndpoints)
            ownership.CompleteOnlySince(endpoints[0].ToMs ?? watchedMs);
        ownership.KeepChanges();
    }

    /// <summary>The history for a window: the one in memory where it reaches back far enough, else what is stored of the window.</summary>
    public async Task<OwnershipHistory> LoadAsync(long fromMs, long toMs, CancellationToken ct)
    {
        if (fromMs - SpanReader.LookBackMs >= ownership.CompleteSinceMs || ownership.CompleteSinceMs == 0)
            return ownership;
        using var rows = new BulkConnection(databases, BusySeconds);
        var reader = new SpanReader(rows);
        var window = new OwnershipHistory(int.MaxValue, int.MaxValue, int.MaxValue, MostPerKey);
        // A volume query: never on the thread of whoever asks.
        await Task.Run(() => window.Restore(
            reader.Within("Owners", SpanReader.OwnerColumns, "Ip", SpanReader.Owner, fromMs, toMs),
            reader.Within("ServiceSpans", SpanReader.ServiceColumns, "Namespace, Name", SpanReader.Service, fromMs, toMs),
            reader.Within("EndpointSpans", SpanReader.EndpointColumns, "Namespace, Service, Ip", SpanReader.SliceEndpoint, fromMs, toMs),
            Math.Min(toMs, ownership.WatchedUntilMs)), ct);
        window.CompleteOnlySince(fromMs);
        return window;
    }

    /// <summary>Saves everything that changed since the last time.</summary>
    public Task SaveAsync(CancellationToken ct) => Task.Run(Save, ct);

    private void Save()
    {
        while (true)
        {
            // In this order: what the cluster was followed up to must not be newer than what is saved of it.
            long watchedMs = ownership.WatchedUntilMs;
            var changes = ownership.Unsaved(RowsAtOnce);
            bool last = changes.Count < RowsAtOnce;
            bool watched = last && ownership.WatchedSinceMs > 0 && (watchedMs - _watchSavedMs >= WatchEveryMs || (changes.Count > 0 && watchedMs > _watchSavedMs));
            if (changes.Count == 0 && !watched)
                return;
            Write(changes, watched ? watchedMs : null);
            ownership.Saved(changes.Count);
            if (watched)
                _watchSavedMs = watchedMs;
            if (last)
                return;
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1), time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
                await TrySaveAsync(stoppingToken);
        }
        catch (OperationCanceledException)
        {
            await TrySaveAsync(CancellationToken.None);
        }
    }

    private void Write(List<(object Span, bool IsNew)> changes, long? watchedMs)
    {
        using var rows = new BulkConnection(databases, BusySeconds);
        using var transaction = rows.Begin();
        foreach (var (span, isNew) in changes)
            SpanWriter.Write(rows, span, isNew);
        if (watchedMs is { } toMs)
        {
            rows.Execute(
                "INSERT INTO ClusterWatches (FromMs, ToMs) VALUES ($a, $b) ON CONFLICT (FromMs) DO UPDATE SET ToMs = excluded.ToMs",
                ownership.WatchedSinceMs, toMs);
        }

        transaction.Commit();
    }

    private async Task TrySaveAsync(CancellationToken ct)
    {
        try
        {
            await SaveAsync(ct);
        }
        catch (DbException e)
        {
            LogNotSaved(e.Message);
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The history of ownership could not be saved; will retry: {Reason}")]
    private partial void LogNotSaved(string reason);
}
