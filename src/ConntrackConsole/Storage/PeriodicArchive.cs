using System.Data.Common;
using Microsoft.EntityFrameworkCore;

namespace ConntrackConsole.Storage;

/// <summary>
/// Keeps a part of the console's memory in the database: restores it before anything else starts, saves what changed at an
/// interval, and once more when the console stops. A failed save is logged and tried again, so nothing is lost while the disk is full.
/// </summary>
internal abstract class PeriodicArchive(TimeSpan interval, TimeProvider time) : BackgroundService
{
    protected TimeProvider Time { get; } = time;

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        await LoadAsync(cancellationToken);
        await base.StartAsync(cancellationToken);
    }

    /// <summary>Restores what an earlier run saved.</summary>
    public abstract Task LoadAsync(CancellationToken ct);

    /// <summary>Saves what changed since the last save; it stays changed if this fails.</summary>
    public abstract Task SaveAsync(CancellationToken ct);

    /// <param name="reason">The database's message.</param>
    protected abstract void LogNotSaved(string reason);

    protected sealed override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(interval, Time);
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

    private async Task TrySaveAsync(CancellationToken ct)
    {
        try
        {
            await SaveAsync(ct);
        }
        catch (Exception e) when (e is DbException or DbUpdateException)
        {
            LogNotSaved((e.InnerException ?? e).Message);
        }
    }
}
