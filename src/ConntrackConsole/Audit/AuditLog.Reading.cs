using System.Runtime.CompilerServices;
using ConntrackConsole.Storage;
using Microsoft.EntityFrameworkCore;

namespace ConntrackConsole.Audit;

internal sealed partial class AuditLog
{
    public const int MaxRead = 5_000;

    public async Task<IReadOnlyList<AuditEntry>> ReadAsync(AuditFilter filter, CancellationToken ct = default)
    {
        await using var db = await databases.CreateDbContextAsync(ct);
        var read = await Newest(db, filter).Take(Math.Clamp(filter.Limit, 1, MaxRead)).ToListAsync(ct);
        return read.ConvertAll(Entry);
    }

    /// <summary>Like <see cref="ReadAsync"/>, but without details, which can be very large.</summary>
    public async Task<IReadOnlyList<AuditEntry>> ListAsync(AuditFilter filter, CancellationToken ct = default)
    {
        await using var db = await databases.CreateDbContextAsync(ct);
        var read = await Newest(db, filter).Take(Math.Clamp(filter.Limit, 1, MaxRead)).Select(r => new
        {
            Row = new AuditRow
            {
                Id = r.Id, AtMs = r.AtMs, Who = r.Who, From = r.From, What = r.What, Where = r.Where, Target = r.Target, Why = r.Why,
                Before = r.Before, After = r.After, Result = r.Result, DurationMs = r.DurationMs, ActionId = r.ActionId, Session = r.Session,
                Roles = r.Roles, IncidentId = r.IncidentId, Code = r.Code, Hash = r.Hash, KeyId = r.KeyId,
            },
            HasDetails = r.Details != null && r.Details != "",
        }).ToListAsync(ct);
        return read.ConvertAll(r => Entry(r.Row) with { HasDetails = r.HasDetails });
    }

    public async Task<AuditEntry?> FindAsync(long id, CancellationToken ct = default)
    {
        await using var db = await databases.CreateDbContextAsync(ct);
        return await db.Audit.AsNoTracking().SingleOrDefaultAsync(r => r.Id == id, ct) is { } row ? Entry(row) : null;
    }

    /// <summary>Streams every row that matches the filter, ignoring its limit.</summary>
    public async IAsyncEnumerable<AuditEntry> StreamAsync(AuditFilter filter, [EnumeratorCancellation] CancellationToken ct = default)
    {
        await using var db = await databases.CreateDbContextAsync(ct);
        await foreach (var row in Newest(db, filter).AsAsyncEnumerable().WithCancellation(ct))
            yield return Entry(row);
    }

    /// <summary>Every row after the given one, oldest first.</summary>
    public async IAsyncEnumerable<AuditEntry> FollowAsync(long afterId, [EnumeratorCancellation] CancellationToken ct = default)
    {
        await using var db = await databases.CreateDbContextAsync(ct);
        await foreach (var row in db.Audit.AsNoTracking().Where(r => r.Id > afterId).OrderBy(r => r.Id).AsAsyncEnumerable().WithCancellation(ct))
            yield return Entry(row);
    }

    private static IQueryable<AuditRow> Newest(ConsoleDb db, AuditFilter filter)
    {
        ArgumentNullException.ThrowIfNull(filter);
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
        return rows.OrderByDescending(r => r.Id);
    }

    private static AuditEntry Entry(AuditRow row) => new(
        row.Id, DateTimeOffset.FromUnixTimeMilliseconds(row.AtMs), row.Who, row.From, row.What, row.Where, row.Target, row.Why,
        row.Before, row.After, row.Result, row.DurationMs, row.ActionId)
    {
        Session = row.Session, Roles = row.Roles, IncidentId = row.IncidentId, Details = row.Details, HasDetails = !string.IsNullOrEmpty(row.Details),
        Code = row.Code, Hash = row.Hash, KeyId = row.KeyId,
    };
}
