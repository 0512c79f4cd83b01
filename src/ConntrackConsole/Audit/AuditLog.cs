using ConntrackConsole.Storage;
using Microsoft.EntityFrameworkCore;

namespace ConntrackConsole.Audit;

/// <summary>Who did what, where, why, and what came of it. It can be added to and read; nothing changes or removes a row.</summary>
public sealed class AuditLog(IDbContextFactory<ConsoleDb> databases, TimeProvider time)
{
    public const int MaxRead = 5_000;

    public async Task<AuditEntry> AppendAsync(AuditNote note, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(note);
        var row = new AuditRow
        {
            AtMs = time.GetUtcNow().ToUnixTimeMilliseconds(),
            Who = note.Who, From = note.From, What = note.What, Where = note.Where, Target = note.Target, Why = note.Why,
            Before = note.Before, After = note.After, Result = note.Result, DurationMs = note.DurationMs, ActionId = note.ActionId,
            Session = note.Session, Roles = note.Roles, IncidentId = note.IncidentId, Details = note.Details,
        };
        await using var db = await databases.CreateDbContextAsync(ct);
        db.Audit.Add(row);
        await db.SaveChangesAsync(ct);
        return Entry(row);
    }

    public async Task<IReadOnlyList<AuditEntry>> ReadAsync(AuditFilter filter, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(filter);
        await using var db = await databases.CreateDbContextAsync(ct);
        IQueryable<AuditRow> rows = db.Audit.AsNoTracking();
        if (filter.FromTime is { } from)
            rows = rows.Where(r => r.AtMs >= from.ToUnixTimeMilliseconds());
        if (filter.ToTime is { } to)
            rows = rows.Where(r => r.AtMs <= to.ToUnixTimeMilliseconds());
        if (filter.Who is { } who)
            rows = rows.Where(r => r.Who == who);
        if (filter.What is { } what)
            rows = rows.Where(r => r.What == what || r.What.StartsWith(what + "."));
        if (filter.Target is { } target)
            rows = rows.Where(r => r.Target == target);
        if (filter.ActionId is { } action)
            rows = rows.Where(r => r.ActionId == action);
        if (filter.BeforeId is { } before)
            rows = rows.Where(r => r.Id < before);
        var read = await rows.OrderByDescending(r => r.Id).Take(Math.Clamp(filter.Limit, 1, MaxRead)).ToListAsync(ct);
        return read.ConvertAll(Entry);
    }

    private static AuditEntry Entry(AuditRow row) => new(
        row.Id, DateTimeOffset.FromUnixTimeMilliseconds(row.AtMs), row.Who, row.From, row.What, row.Where, row.Target, row.Why,
        row.Before, row.After, row.Result, row.DurationMs, row.ActionId)
    {
        Session = row.Session, Roles = row.Roles, IncidentId = row.IncidentId, Details = row.Details, Hash = row.Hash, KeyId = row.KeyId,
    };
}
