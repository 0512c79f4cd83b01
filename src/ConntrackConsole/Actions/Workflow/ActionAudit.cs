using System.Text.Json;
using System.Text.Json.Serialization;
using ConntrackConsole.Actions.Guards;
using ConntrackConsole.Audit;
using ConntrackConsole.Identity;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Actions.Workflow;

/// <summary>Audit rows of an action: one row for each step, joined by the action id.</summary>
internal sealed class ActionAudit(AuditLog audit)
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, Converters = { new JsonStringEnumConverter() } };

    public Task WriteAsync(AuditNote note, CancellationToken ct) => audit.AppendAsync(note, ct);

    /// <summary>Whether this entry of a node's journal is already in the audit log.</summary>
    /// <param name="place">Position of the entry in the journal.</param>
    public async Task<bool> HasAsync(string actionId, string what, string place, CancellationToken ct) =>
        (await audit.ReadAsync(new AuditFilter(What: what, ActionId: actionId), ct)).Any(r => r.Session == place);

    /// <summary>The results of the rows about the outcome of the commands: one, unless the console ended before it was written.</summary>
    public async Task<IReadOnlyList<string>> CompletedAsync(ActionRecord record, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(record);
        return [.. (await audit.ReadAsync(new AuditFilter(What: $"{KindName(record.Plan.Request.Kind)}.completed", ActionId: record.Id), ct)).Select(r => r.Result)];
    }

    /// <summary>The result column of such a row.</summary>
    public static string Result(ActionRecord record)
    {
        ArgumentNullException.ThrowIfNull(record);
        return $"{record.State}: {record.Message}";
    }

    /// <summary>A row about an action that was requested but not yet previewed.</summary>
    public static AuditNote Note(string id, ActionRequest request, Principal principal, string step, string result, string? code = null)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(principal);
        return new AuditNote(
            ActionFormatter.Short(principal.Name), principal.Address, $"{KindName(request.Kind)}.{step}", Names(request.Nodes), ActionFormatter.Short(request.Target),
            ActionFormatter.Short(request.Reason) is { Length: > 0 } reason ? reason : "(reason supplied on confirmation)", null, null, result, null, id)
        {
            Session = principal.Session, Roles = principal.Role.Name(), Code = ReasonCode.OrNull(code), IncidentId = ActionFormatter.Short(request.IncidentId) is { Length: > 0 } incident ? incident : null,
        };
    }

    /// <summary>A row about an action that was previewed.</summary>
    public static AuditNote Note(ActionRecord record, Principal principal, string step, string result, string? code = null)
    {
        ArgumentNullException.ThrowIfNull(record);
        var note = Note(record.Id, record.Plan.Request, principal, step, result, code);
        return note with
        {
            Where = Names(record.Plan.Request.Kind == ActionKind.Flush ? record.Plan.Previews.Select(p => p.Node) : record.Plan.Readings.Select(r => r.Node)),
            Before = ActionFormatter.Before(record.Plan), Why = record.Reason.Length > 0 ? record.Reason : note.Why,
        };
    }

    /// <summary>The same with the outcome: the new values, and every deleted entry.</summary>
    public static AuditNote Outcome(ActionRecord record, Principal principal, string step, long? durationMs) =>
        Note(record, principal, step, Result(record), record.OutcomeCode) with
        {
            After = ActionFormatter.After(record), Details = Deleted(record), DurationMs = durationMs,
        };

    /// <summary>A row about what the console itself found out later; it has no role.</summary>
    public static AuditNote Found(ActionRecord record, string step, long? durationMs)
    {
        ArgumentNullException.ThrowIfNull(record);
        var itself = new Principal($"conntrack-console, for {record.Plan.RequestedBy}", Role.Viewer, record.Plan.Session, null);
        return Outcome(record, itself, step, durationMs) with { Roles = null };
    }

    public static string KindName(ActionKind kind) => kind == ActionKind.Flush ? "flush" : "setting";

    private static string? Deleted(ActionRecord record)
    {
        var deleted =
            from outcome in record.Nodes
            where outcome.Flush is { EntryOutcomes.Length: > 0 }
            let listed = record.Plan.Previews.FirstOrDefault(p => p.Node == outcome.Node)?.Entries ?? []
            let results = outcome.Flush!.EntryOutcomes
            where results.Length == listed.Count && results.Contains('D', StringComparison.Ordinal)
            select new { outcome.Node, Entries = listed.Where((_, i) => results[i] == 'D').ToList() };
        var list = deleted.ToList();
        return list.Count == 0 ? null : JsonSerializer.Serialize(list, Json);
    }

    private static string? Names(IEnumerable<string> names) => string.Join(", ", names) is { Length: > 0 } text ? ActionFormatter.Short(text, 4_000) : null;
}
