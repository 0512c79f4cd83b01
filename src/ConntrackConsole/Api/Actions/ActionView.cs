using System.Text.Json.Serialization;
using ConntrackConsole.Actions.Guards;
using ConntrackConsole.Actions.Outcome;
using ConntrackConsole.Actions.Workflow;
using ConntrackConsole.Api.Query;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Api.Actions;

/// <summary>One action, as the API returns it.</summary>
internal sealed record ActionView(
    string Id, string Kind, string Target, string State, [property: JsonPropertyName("askedBy")] string RequestedBy, string? ApprovedBy, [property: JsonPropertyName("askedAt")] string RequestedAt, string ExpiresAt, string Digest,
    string Decision, string Verdict, string? TypeToConfirm, string Reason, string SuggestedReason, [property: JsonPropertyName("sentence")] string Message, string? Code, IReadOnlyList<Reason> Reasons, int? ExpectedWithinSeconds,
    string? Preset, string? Value, long? RevertAfterSeconds, IReadOnlyList<string> SilentNodes, IReadOnlyList<ActionNodeView> Nodes, OutcomeSample? Outcome)
{
    /// <param name="withEntries">Include every entry; lists of actions contain only their numbers.</param>
    public static ActionView Of(ActionRecord record, bool withEntries, OutcomeSample? now = null)
    {
        var plan = record.Plan;
        bool flush = plan.Request.Kind == ActionKind.Flush;
        var names = plan.Previews.Select(p => p.Node).Concat(plan.Readings.Select(r => r.Node)).Union(record.Nodes.Select(n => n.Node));
        return new ActionView(
            record.Id, flush ? "flush" : "setting", plan.Request.Target, record.State.ToString(), plan.RequestedBy, record.ApprovedBy, ApiTime.Text(plan.RequestedMs),
            ApiTime.Text(record.ExpiresMs), plan.Digest, plan.Verdict.Decision.ToString(), plan.Verdict.Message, plan.Verdict.TypeToConfirm, record.Reason,
            plan.SuggestedReason, record.Message, record.OutcomeCode ?? plan.Verdict.Code, plan.Verdict.Reasons, ClientWait.ExpectedWithinS(plan, record.StartedMs ?? plan.RequestedMs), flush ? FlushGuard.Name(plan.Request.Preset) : null, plan.Request.Value,
            plan.Request.RevertAfterMs / 1000, plan.Silent, [.. names.Select(name => ActionNodeView.Of(record, name, withEntries))], record.Outcome ?? now);
    }
}

/// <summary>One node of an action: its preview and its result.</summary>
/// <param name="Value">Value of the setting at the preview.</param>
/// <param name="Ipvs">What IPVS kept for the address at the preview; what it keeps after the flush is in <paramref name="Flush"/>.</param>
/// <param name="IpvsEffect">What IPVS does with these connections, and what helps.</param>
internal sealed record ActionNodeView(
    string Node, string? Refusal, string? Digest, int? Count, int? LeftOut, IReadOnlyList<FlowEntry>? Entries, string? Value, [property: JsonPropertyName("fate")] string? Outcome, [property: JsonPropertyName("sentence")] string? Message, string? Code,
    FlushResult? Flush, SettingResult? Setting, IpvsConnectionSummary? Ipvs, string? IpvsEffect)
{
    public static ActionNodeView Of(ActionRecord record, string node, bool withEntries)
    {
        var preview = record.Plan.Previews.FirstOrDefault(p => p.Node == node);
        var reading = record.Plan.Readings.FirstOrDefault(r => r.Node == node);
        var outcome = record.Nodes.FirstOrDefault(n => n.Node == node);
        return new ActionNodeView(
            node, preview?.Refusal ?? reading?.Refusal, preview?.Digest, preview?.Entries.Count, preview?.LeftOut, withEntries ? preview?.Entries : null, reading?.Value,
            outcome?.Outcome.ToString(), outcome?.Message, outcome?.Code ?? preview?.RefusalCode ?? reading?.RefusalCode, outcome?.Flush, outcome?.Setting, preview?.Ipvs, preview?.Ipvs?.Explain());
    }
}

internal sealed record ActionPage(IReadOnlyList<ActionView> Items, string? Continue);

/// <summary>A setting that may be changed, with its open changes.</summary>
internal sealed record SettingView(
    string Key, string Carrier, IReadOnlyList<string> Values, [property: JsonPropertyName("least")] long Min, [property: JsonPropertyName("most")] long Max, string Default, string Unit,
    string Meaning, string Trap, [property: JsonPropertyName("lasting")] string HowToPersist, [property: JsonPropertyName("longestSeconds")] long MaxRevertSeconds, IReadOnlyList<OpenSetting> Open);
