using ConntrackConsole.Audit;
using ConntrackConsole.Storage;
using ConntrackConsole.Wire;
using Microsoft.EntityFrameworkCore;

namespace ConntrackConsole.Actions;

/// <summary>
/// Writes down what nodes did without our hearing of it: typed on the node, set back at its time, or answered to a
/// connection that broke. Each entry becomes one audit row, however often it is reported.
/// </summary>
public sealed partial class JournalDesk(
    IDbContextFactory<ConsoleDb> databases, ActionStore store, ActionDispatch dispatch, ActionAudit audit, ILogger<JournalDesk> log) : IDisposable
{
    private const int MostEntries = 50;
    private const int MostDetails = 1024 * 1024;

    private readonly SemaphoreSlim _one = new(1);

    /// <returns>The number up to which everything is written down.</returns>
    public async Task<long> TakeAsync(string node, JournalReport report, CancellationToken ct)
    {
        if (report is not { JournalId.Length: > 0 and <= 64, Entries: { Count: <= MostEntries } entries })
            return 0;
        await _one.WaitAsync(ct);
        try
        {
            await using var db = await databases.CreateDbContextAsync(ct);
            var mark = await db.JournalMarks.FindAsync([node, report.JournalId], ct);
            if (mark is null)
                db.JournalMarks.Add(mark = new JournalMarkRow { Node = node, JournalId = report.JournalId });
            foreach (var entry in entries.Where(e => Plausible(e) && e.Number > mark.Number).OrderBy(e => e.Number))
            {
                await WriteAsync(node, entry, ct);
                mark.Number = entry.Number;
                await db.SaveChangesAsync(ct);
            }

            return mark.Number;
        }
        finally
        {
            _one.Release();
        }
    }

    private async Task WriteAsync(string node, JournalEntry entry, CancellationToken ct)
    {
        var record = await store.FindAsync(entry.ActionId, ct);
        // Its own answer, or the question of the resolver, tells the console's orders.
        if (entry.Origin == JournalOrigin.Console && record is not null)
            return;
        string what = entry.Origin switch
        {
            JournalOrigin.Timer => entry.Failed ? "setting.not-reverted" : "setting.reverted",
            JournalOrigin.CommandLine => $"{entry.Kind}.on-node",
            _ => $"{entry.Kind}.reported",
        };
        if (await audit.HasAsync(entry.ActionId, what, node, ct))
            return;
        await audit.WriteAsync(
            new AuditNote(
                entry.Origin == JournalOrigin.Timer ? "conntrack-collector" : $"{ActionWords.Short(entry.Who)} on {node}", node, what, node,
                ActionWords.Short(entry.Target), ActionWords.Short(entry.Reason) is { Length: > 0 } why ? why : entry.Origin == JournalOrigin.Timer ? "its time was over" : "(none given)",
                ActionWords.Short(entry.Before), ActionWords.Short(entry.After), ActionWords.Short(entry.Result, 2_000), null, ActionWords.Short(entry.ActionId, 100))
            {
                Details = entry.Details is { Length: <= MostDetails } details ? details : null,
            }, ct);
        if (entry.Origin != JournalOrigin.Timer)
            return;
        if (entry.Failed)
            LogNotReverted(node, entry.Target, entry.Result);
        if (record is { Plan.Ask.Kind: ActionKind.Setting })
            await dispatch.StoreNodesAsync(record, [.. record.Nodes.Select(n => n.Node == node && n.Setting is { } was ? n with { Setting = After(was, entry) } : n)]);
    }

    public void Dispose() => _one.Dispose();

    private static SettingResult After(SettingResult was, JournalEntry entry) => was with
    {
        Fate = entry.Failed ? SettingFate.Withheld : SettingFate.Reverted, Now = entry.After ?? was.Now,
        RevertAtMs = entry.Failed ? was.RevertAtMs : null, Sentence = entry.Result,
    };

    private static bool Plausible(JournalEntry? entry) =>
        entry is { Number: > 0, ActionId.Length: > 0 and <= 100, Kind.Length: > 0 and <= 20, Target: not null, Who: not null, Result: not null }
        && entry.Kind.All(char.IsAsciiLetterLower);

    [LoggerMessage(Level = LogLevel.Critical, Message = "Node {Node} did not set {Setting} back: {Why}")]
    private partial void LogNotReverted(string node, string setting, string why);
}
