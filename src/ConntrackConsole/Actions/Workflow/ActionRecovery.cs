using ConntrackConsole.Actions.Guards;
using ConntrackConsole.Audit;
using ConntrackConsole.Storage;
using Microsoft.EntityFrameworkCore;

namespace ConntrackConsole.Actions.Workflow;

/// <summary>
/// Adds the last audit row of actions that a killed console left without one: requested and never previewed, or ended a moment before the
/// row about it. Nothing of them was sent to a node.
/// </summary>
internal sealed class ActionRecovery(IDbContextFactory<ConsoleDb> databases, ActionStore store, ActionAudit audit)
{
    private static readonly string[] Requested = ["flush.requested", "setting.requested"];
    private static readonly string[] Previewed = [.. Requested, "flush.previewed", "setting.previewed"];
    private static readonly string[] Ended = [nameof(ActionState.Expired), nameof(ActionState.Cancelled)];

    /// <summary>Writes those rows. Actions of this run of the console are excluded: they may be in progress.</summary>
    public async Task ReconcileAsync(CancellationToken ct)
    {
        await using var db = await databases.CreateDbContextAsync(ct);
        var (log, actions) = (db.Audit, db.Actions);
        if (await log.Where(r => r.What == "console.started").OrderByDescending(r => r.Id).Select(r => new { r.Id, r.AtMs }).FirstOrDefaultAsync(ct) is not { } start)
            return;
        var unrecorded = await actions.Where(a => a.UpdatedMs < start.AtMs && Ended.Contains(a.State)
            && !log.Any(o => o.ActionId == a.Id && (o.What.EndsWith(".expired") || o.What.EndsWith(".cancelled")))).Select(a => a.Id).ToListAsync(ct);
        foreach (string id in unrecorded)
        {
            if (await store.FindAsync(id, ct) is { } record)
                await audit.WriteAsync(ActionAudit.Found(record, record.State == ActionState.Expired ? "expired" : "cancelled", null) with { Result = record.Message }, ct);
        }

        var unpreviewed = await log.AsNoTracking().Where(r => r.Id < start.Id && Requested.Contains(r.What)
            && !actions.Any(a => a.Id == r.ActionId) && !log.Any(o => o.ActionId == r.ActionId && !Previewed.Contains(o.What))).ToListAsync(ct);
        foreach (var row in unpreviewed)
        {
            await audit.WriteAsync(
                new AuditNote(
                    $"conntrack-console, for {row.Who}", null, row.What.Replace(".requested", ".interrupted", StringComparison.Ordinal), row.Where, row.Target, row.Why,
                    null, null, "The console ended before the preview: nothing was sent.", null, row.ActionId)
                {
                    Session = row.Session, IncidentId = row.IncidentId, Code = ActionReasons.Interrupted,
                }, ct);
        }
    }
}
