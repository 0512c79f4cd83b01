using ConntrackConsole.Storage;
using Microsoft.EntityFrameworkCore;

namespace ConntrackConsole.Timeline.Storage;

/// <summary>Windows that retention does not delete, each with its reason. When its pin is removed, a window expires like any other.</summary>
internal sealed class Pins(IDbContextFactory<ConsoleDb> databases, TimeProvider time)
{
    public async Task<PinRow> AddAsync(long fromMs, long toMs, string reason, CancellationToken ct)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(reason);
        ArgumentOutOfRangeException.ThrowIfNegative(fromMs);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(fromMs, toMs);
        var pin = new PinRow { FromMs = fromMs, ToMs = toMs, Reason = reason, CreatedMs = time.GetUtcNow().ToUnixTimeMilliseconds() };
        await using var db = await databases.CreateDbContextAsync(ct);
        db.Pins.Add(pin);
        await db.SaveChangesAsync(ct);
        return pin;
    }

    /// <returns>False if there was no such pin.</returns>
    public async Task<bool> RemoveAsync(long id, CancellationToken ct)
    {
        await using var db = await databases.CreateDbContextAsync(ct);
        return await db.Pins.Where(p => p.Id == id).ExecuteDeleteAsync(ct) > 0;
    }

    /// <summary>Oldest window first.</summary>
    public async Task<List<PinRow>> ListAsync(CancellationToken ct)
    {
        await using var db = await databases.CreateDbContextAsync(ct);
        return await db.Pins.AsNoTracking().OrderBy(p => p.FromMs).ThenBy(p => p.Id).ToListAsync(ct);
    }
}
