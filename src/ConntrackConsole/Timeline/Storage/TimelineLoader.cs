using ConntrackConsole.Storage;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Wire;
using Microsoft.EntityFrameworkCore;

namespace ConntrackConsole.Timeline.Storage;

/// <summary>
/// Restores the live timeline from stored resets and frames before anything else starts; then raises the signal of each second by which
/// open pages learn that a node became silent. The rollup stores both.
/// </summary>
internal sealed class TimelineLoader(IDbContextFactory<ConsoleDb> databases, TimelineStore timeline, TimelineReplay replay, TimeProvider time) : BackgroundService
{
    // How long the start waits for the history: of a small cluster it is complete then.
    private const long LoadMs = 1_000;

    private static readonly TimeSpan TickInterval = TimeSpan.FromSeconds(1);

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        await LoadAsync(cancellationToken);
        await base.StartAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(TickInterval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
                timeline.Tick();
        }
        catch (OperationCanceledException)
        {
            // The console stops.
        }
    }

    private async Task LoadAsync(CancellationToken ct)
    {
        await using var db = await databases.CreateDbContextAsync(ct);
        long since = (time.GetUtcNow().ToUnixTimeMilliseconds() - TimelineStore.HorizonMs) / 1000;
        var resets = await db.ResetSeconds.AsNoTracking().Where(r => r.Second >= since && r.Kind < ResetOverflow.Length).ToListAsync(ct);
        // The frames themselves are read while the console listens; the applier does it. Where they still exist, they contain more.
        long countedFrom = replay.Begin(resets.Select(r => r.Second).ToHashSet()) / 1000;
        replay.Continue(LoadMs);
        timeline.RestoreResets(resets.Where(r => r.Second < countedFrom).Select(r => (r.Second, (ResetKind)r.Kind, r.Count)));
    }
}
