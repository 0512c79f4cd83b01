using ConntrackConsole.Audit;
using ConntrackConsole.Ingest.Journal;
using ConntrackConsole.Storage;
using ConntrackConsole.Wire;
using Microsoft.EntityFrameworkCore;

namespace ConntrackConsole.Actions.Workflow;

/// <summary>
/// Writes what nodes did without a command or answer of the console into the audit log: commands entered on the node, automatic reverts,
/// and results lost with a connection. Each journal entry becomes one audit row, however often it is reported.
/// </summary>
internal sealed partial class JournalIngest(
    JournalInbox inbox, IDbContextFactory<ConsoleDb> databases, RevertRecorder reverts, ActionAudit audit, ILogger<JournalIngest> log) : BackgroundService
{
    private const int MaxEntries = 50;
    private const int MaxDetails = 1024 * 1024;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await foreach (var received in inbox.ReadAllAsync(stoppingToken))
        {
            try
            {
                using var either = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken, received.Connection);
                received.Acknowledge(await WriteAsync(received.Node, received.Report, either.Token));
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                // The hub call fails with it, and the collector sends the report again.
                received.Reject(e);
            }
        }
    }

    /// <returns>The number up to which every entry is in the audit log.</returns>
    private async Task<long> WriteAsync(string node, JournalReport report, CancellationToken ct)
    {
        if (report is not { JournalId.Length: > 0 and <= 64, Entries: { Count: <= MaxEntries } entries })
            return 0;
        await using var db = await databases.CreateDbContextAsync(ct);
        var mark = await db.JournalMarks.FindAsync([node, report.JournalId], ct);
        if (mark is null)
            db.JournalMarks.Add(mark = new JournalMarkRow { Node = node, JournalId = report.JournalId });
        foreach (var entry in entries.Where(e => IsPlausible(e) && e.Number > mark.Number).OrderBy(e => e.Number))
        {
            var record = await reverts.OfAsync(node, entry, ct);
            // The node reports it again; by then the result of the change itself has been written.
            if (RevertRecorder.MustWait(node, entry, record))
                break;
            await WriteAsync(node, $"journal {report.JournalId} {entry.Number}", entry, record, ct);
            mark.Number = entry.Number;
            await db.SaveChangesAsync(ct);
        }

        return mark.Number;
    }

    private async Task WriteAsync(string node, string position, JournalEntry entry, ActionRecord? record, CancellationToken ct)
    {
        bool isRevert = RevertRecorder.IsRevert(entry) && record?.Nodes.Any(n => n.Node == node && n.IsOpenChange) == true;
        // Results of the console's own commands arrive as answers, or through the resolver.
        if (entry.Origin == JournalOrigin.Console && record is not null && !isRevert)
            return;
        string what = entry.Origin switch
        {
            JournalOrigin.CommandLine => $"{entry.Kind}.on-node",
            JournalOrigin.Console when !isRevert => $"{entry.Kind}.reported",
            _ => entry.Failed ? "setting.not-reverted" : "setting.reverted",
        };
        string actionId = RevertRecorder.IsRevert(entry) && record is not null ? record.Id : entry.ActionId;
        if (!await audit.HasAsync(actionId, what, position, ct))
        {
            await audit.WriteAsync(
                new AuditNote(
                    entry.Origin == JournalOrigin.Timer ? "conntrack-collector" : $"{ActionFormatter.Short(entry.Who)} on {node}", node, what, node,
                    ActionFormatter.Short(entry.Target), ActionFormatter.Short(entry.Reason) is { Length: > 0 } why ? why : entry.Origin == JournalOrigin.Timer ? "the change expired" : "(none given)",
                    ActionFormatter.Short(entry.Before), ActionFormatter.Short(entry.After), ActionFormatter.Short(entry.Result, 2_000), null, actionId)
                {
                    // The position in the node's journal identifies the entry.
                    Session = position, Code = ReasonCode.OrNull(entry.Code), Details = entry.Details is { Length: <= MaxDetails } details ? details : null,
                }, ct);
            if (entry is { Origin: JournalOrigin.Timer, Failed: true })
                LogNotReverted(node, ActionFormatter.Short(entry.Target), ActionFormatter.Short(entry.Result, 2_000));
        }

        if (isRevert)
            await reverts.WriteAsync(node, entry, record!);
    }

    private static bool IsPlausible(JournalEntry? entry) =>
        entry is { Number: > 0, ActionId.Length: > 0 and <= 100, ChangeId: null or { Length: <= 100 }, Kind.Length: > 0 and <= 20, Target: not null, Who: not null, Result: not null }
        && entry.Kind.All(char.IsAsciiLetterLower) && Enum.IsDefined(entry.Origin);

    [LoggerMessage(Level = LogLevel.Critical, Message = "Node {Node} did not revert {Setting}: {Why}")]
    private partial void LogNotReverted(string node, string setting, string why);
}
