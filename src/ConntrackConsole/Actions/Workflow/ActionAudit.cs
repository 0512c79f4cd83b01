using System.Text.Json;
using System.Text.Json.Serialization;
using ConntrackConsole.Actions.Guards;
using ConntrackConsole.Audit;
using ConntrackConsole.Identity;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Actions.Workflow;

/// <summary>How an action stands in the audit log: a row a step, joined by the action's id.</summary>
public sealed class ActionAudit(AuditLog audit)
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, Converters = { new JsonStringEnumConverter() } };

    public Task WriteAsync(AuditNote note, CancellationToken ct) => audit.AppendAsync(note, ct);

    /// <summary>Whether this entry of a node's journal is written down already.</summary>
    /// <param name="place">Where it stands there.</param>
    public async Task<bool> HasAsync(string actionId, string what, string place, CancellationToken ct) =>
        (await audit.ReadAsync(new AuditFilter(What: what, ActionId: actionId), ct)).Any(r => r.Session == place);

    /// <summary>The results of the rows that say how the orders ended: one, where the console lived that long.</summary>
    public async Task<IReadOnlyList<string>> CompletedAsync(ActionRecord record, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(record);
        return [.. (await audit.ReadAsync(new AuditFilter(What: $"{Word(record.Plan.Request.Kind)}.completed", ActionId: record.Id), ct)).Select(r => r.Result)];
    }

    /// <summary>What such a row says as its result.</summary>
    public static string Result(ActionRecord record)
    {
        ArgumentNullException.ThrowIfNull(record);
        return $"{record.State}: {record.Sentence}";
    }

    /// <summary>A row about an action that is only asked for.</summary>
    public static AuditNote Note(string id, ActionRequest ask, Principal caller, string step, string result, string? code = null)
    {
        ArgumentNullException.ThrowIfNull(ask);
        ArgumentNullException.ThrowIfNull(caller);
        return new AuditNote(
            ActionFormatter.Short(caller.Name), caller.Address, $"{Word(ask.Kind)}.{step}", Names(ask.Nodes), ActionFormatter.Short(ask.Target),
            ActionFormatter.Short(ask.Reason) is { Length: > 0 } reason ? reason : "(asked for at the confirmation)", null, null, result, null, id)
        {
            Session = caller.Session, Roles = caller.Role.Name(), Code = ReasonCode.OrNull(code), IncidentId = ActionFormatter.Short(ask.IncidentId) is { Length: > 0 } incident ? incident : null,
        };
    }

    /// <summary>A row about an action that was shown.</summary>
    public static AuditNote Note(ActionRecord record, Principal caller, string step, string result, string? code = null)
    {
        ArgumentNullException.ThrowIfNull(record);
        var note = Note(record.Id, record.Plan.Request, caller, step, result, code);
        return note with
        {
            Where = Names(record.Plan.Request.Kind == ActionKind.Flush ? record.Plan.Previews.Select(p => p.Node) : record.Plan.Readings.Select(r => r.Node)),
            Before = ActionFormatter.Before(record.Plan), Why = record.Reason.Length > 0 ? record.Reason : note.Why,
        };
    }

    /// <summary>The same with what came of it: the values after, and entry by entry what was deleted.</summary>
    public static AuditNote Outcome(ActionRecord record, Principal caller, string step, long? durationMs) =>
        Note(record, caller, step, Result(record), record.OutcomeCode) with
        {
            After = ActionFormatter.After(record), Details = Deleted(record), DurationMs = durationMs,
        };

    /// <summary>What the console itself found out later: nobody's role stands behind it.</summary>
    public static AuditNote Found(ActionRecord record, string step, long? durationMs)
    {
        ArgumentNullException.ThrowIfNull(record);
        var itself = new Principal($"conntrack-console, for {record.Plan.AskedBy}", Role.Viewer, record.Plan.Session, null);
        return Outcome(record, itself, step, durationMs) with { Roles = null };
    }

    public static string Word(ActionKind kind) => kind == ActionKind.Flush ? "flush" : "setting";

    private static string? Deleted(ActionRecord record)
    {
        var deleted =
            from outcome in record.Nodes
            where outcome.Flush is { EntryOutcomes.Length: > 0 }
            let listed = record.Plan.Previews.FirstOrDefault(p => p.Node == outcome.Node)?.Entries ?? []
            let fates = outcome.Flush!.EntryOutcomes
            where fates.Length == listed.Count && fates.Contains('D', StringComparison.Ordinal)
            select new { outcome.Node, Entries = listed.Where((_, i) => fates[i] == 'D').ToList() };
        var list = deleted.ToList();
        return list.Count == 0 ? null : JsonSerializer.Serialize(list, Json);
    }

    private static string? Names(IEnumerable<string> names) => string.Join(", ", names) is { Length: > 0 } text ? ActionFormatter.Short(text, 4_000) : null;
}
