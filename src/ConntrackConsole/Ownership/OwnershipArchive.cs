using ConntrackConsole.Storage;
using Microsoft.EntityFrameworkCore;

namespace ConntrackConsole.Ownership;

/// <summary>
/// Stores the ownership history in the database, so that names are still known after a restart and in windows that are no
/// longer in memory. Changes are saved every second.
/// </summary>
internal sealed partial class OwnershipArchive(
    IDbContextFactory<ConsoleDb> databases, OwnershipHistory ownership, TimeProvider time, ILogger<OwnershipArchive> log)
    : PeriodicArchive(TimeSpan.FromSeconds(1), time)
{
    // The frame writer waits while a batch is written.
    private const int BatchSize = 5_000;
    private const int MaxPerKey = 4_096;
    private const int BusyTimeoutSeconds = 30;

    // How often the watch time is saved if nothing changed: the precision of "last known" after a restart.
    private const long WatchSaveIntervalMs = 5_000;

    internal static readonly AgedRows[] Aged = [.. ((string[])["Owners", "ServiceSpans", "EndpointSpans", "ClusterWatches"]).Select(AgedSpans)];

    private long _watchSavedMs;

    // Deletes spans that ended before the retention limit, except within a pinned window. A large cluster closes a hundred spans
    // per second and the tables take turns, so the portion is larger.
    private static AgedRows AgedSpans(string table) => new(
        $"DELETE FROM {table} WHERE rowid IN (SELECT s.rowid FROM {table} s WHERE s.ToMs < $a "
        + "AND NOT EXISTS (SELECT 1 FROM Pins p WHERE p.FromMs <= s.ToMs AND p.ToMs >= s.FromMs) LIMIT 5000)");

    /// <summary>Restores what an earlier run saved, before the first list.</summary>
    public override async Task LoadAsync(CancellationToken ct)
    {
        await using var db = await databases.CreateDbContextAsync(ct);
        long watchedMs = await db.ClusterWatches.MaxAsync(w => (long?)w.ToMs, ct) ?? 0;
        using var rows = new BulkConnection(databases, BusyTimeoutSeconds);
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
        ownership.TrackChanges();
    }

    /// <summary>The history for a window: the one in memory if it reaches back far enough, otherwise the stored spans of the window.</summary>
    public async Task<OwnershipHistory> LoadAsync(long fromMs, long toMs, CancellationToken ct)
    {
        if (fromMs - SpanReader.LookbackMs >= ownership.CompleteSinceMs || ownership.CompleteSinceMs == 0)
            return ownership;
        using var rows = new BulkConnection(databases, BusyTimeoutSeconds);
        var reader = new SpanReader(rows);
        var window = new OwnershipHistory(int.MaxValue, int.MaxValue, int.MaxValue, MaxPerKey);
        // A large query: never on the caller's thread.
        await Task.Run(() => window.Restore(
            reader.Within("Owners", SpanReader.OwnerColumns, "Ip", SpanReader.Owner, fromMs, toMs),
            reader.Within("ServiceSpans", SpanReader.ServiceColumns, "Namespace, Name", SpanReader.Service, fromMs, toMs),
            reader.Within("EndpointSpans", SpanReader.EndpointColumns, "Namespace, Service, Ip", SpanReader.SliceEndpoint, fromMs, toMs),
            Math.Min(toMs, ownership.WatchedUntilMs)), ct);
        window.CompleteOnlySince(fromMs);
        return window;
    }

    /// <summary>Saves everything that changed since the last save.</summary>
    public override Task SaveAsync(CancellationToken ct) => Task.Run(Save, ct);

    private void Save()
    {
        while (true)
        {
            // Read in this order: the saved watch time must not be newer than the saved changes.
            long watchedMs = ownership.WatchedUntilMs;
            var changes = ownership.Unsaved(BatchSize);
            bool last = changes.Count < BatchSize;
            bool watched = last && ownership.WatchedSinceMs > 0 && (watchedMs - _watchSavedMs >= WatchSaveIntervalMs || (changes.Count > 0 && watchedMs > _watchSavedMs));
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

    private void Write(List<(object Span, bool IsNew)> changes, long? watchedMs)
    {
        using var rows = new BulkConnection(databases, BusyTimeoutSeconds);
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

    [LoggerMessage(Level = LogLevel.Error, Message = "Failed to save the ownership history; will retry: {Reason}")]
    protected override partial void LogNotSaved(string reason);
}
