using System.Text.Json.Serialization;
using ConntrackConsole.Actions.Guards;
using ConntrackConsole.Actions.Outcome;
using ConntrackConsole.Actions.Workflow;
using ConntrackConsole.Api.Query;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Api.Actions;

/// <summary>One action as programs read it.</summary>
internal sealed record ActionView(
    string Id, string Kind, string Target, string State, string AskedBy, string? ApprovedBy, string AskedAt, string ExpiresAt, string Digest,
    string Decision, string Verdict, string? TypeToConfirm, string Reason, string SuggestedReason, string Sentence, string? Code, IReadOnlyList<Reason> Reasons, int? ExpectedWithinSeconds,
    string? Preset, string? Value, long? RevertAfterSeconds, IReadOnlyList<string> SilentNodes, IReadOnlyList<ActionNodeView> Nodes, OutcomeSample? Outcome)
{
    /// <param name="whole">With every entry; a list of actions has only their numbers.</param>
    public static ActionView Of(ActionRecord record, bool whole, OutcomeSample? now = null)
    {
        var plan = record.Plan;
        bool flush = plan.Request.Kind == ActionKind.Flush;
        var names = plan.Previews.Select(p => p.Node).Concat(plan.Readings.Select(r => r.Node)).Union(record.Nodes.Select(n => n.Node));
        return new ActionView(
            record.Id, flush ? "flush" : "setting", plan.Request.Target, record.State.ToString(), plan.AskedBy, record.ApprovedBy, ApiTime.Text(plan.AskedMs),
            ApiTime.Text(record.ExpiresMs), plan.Digest, plan.Verdict.Decision.ToString(), plan.Verdict.Sentence, plan.Verdict.TypeToConfirm, record.Reason,
            plan.SuggestedReason, record.Sentence, record.OutcomeCode ?? plan.Verdict.Code, plan.Verdict.Reasons, plan.ExpectedWithinS, flush ? FlushGuard.Name(plan.Request.Preset) : null, plan.Request.Value,
            plan.Request.RevertAfterMs / 1000, plan.Silent, [.. names.Select(name => ActionNodeView.Of(record, name, whole))], record.Outcome ?? now);
    }
}

/// <summary>One node of an action: what was shown, then what came of it.</summary>
/// <param name="Value">The setting's value when it was shown.</param>
internal sealed record ActionNodeView(
    string Node, string? Refusal, string? Digest, int? Count, int? LeftOut, IReadOnlyList<FlowEntry>? Entries, string? Value, [property: JsonPropertyName("fate")] string? Outcome, string? Sentence, string? Code,
    FlushResult? Flush, SettingResult? Setting)
{
    public static ActionNodeView Of(ActionRecord record, string node, bool whole)
    {
        var preview = record.Plan.Previews.FirstOrDefault(p => p.Node == node);
        var reading = record.Plan.Readings.FirstOrDefault(r => r.Node == node);
        var outcome = record.Nodes.FirstOrDefault(n => n.Node == node);
        return new ActionNodeView(
            node, preview?.Refusal ?? reading?.Refusal, preview?.Digest, preview?.Entries.Count, preview?.LeftOut, whole ? preview?.Entries : null, reading?.Value,
            outcome?.Outcome.ToString(), outcome?.Sentence, outcome?.Code ?? preview?.RefusalCode ?? reading?.RefusalCode, outcome?.Flush, outcome?.Setting);
    }
}

internal sealed record ActionPage(IReadOnlyList<ActionView> Items, string? Continue);

/// <summary>A setting that may be changed, and where it is changed now.</summary>
internal sealed record SettingView(
    string Key, string Carrier, IReadOnlyList<string> Values, long Least, long Most, string Default, string Unit, string Meaning, string Trap, string Lasting,
    long LongestSeconds, IReadOnlyList<OpenSetting> Open);
