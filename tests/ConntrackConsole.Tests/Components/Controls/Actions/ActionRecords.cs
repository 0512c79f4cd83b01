using ConntrackConsole.Actions.Guards;
using ConntrackConsole.Actions.Workflow;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Tests.Components.Controls.Actions;

/// <summary>Sample actions.</summary>
internal static class ActionRecords
{
    public const string PodIp = "10.1.0.5";

    public static readonly GuardVerdict Green = new(GuardDecision.Allow, "The pod is gone.");
    public static readonly GuardVerdict Amber = new(GuardDecision.NeedsConfirmation, "The pod is terminating.", PodIp);
    public static readonly GuardVerdict Red = new(GuardDecision.NeedsApproval, "shop/orders has no endpoint: clients will hang.");

    public static ActionRecord Flush(string id = "flush-1", GuardVerdict? verdict = null, ActionState state = ActionState.Previewed, string by = "ada") => new(
        new ActionPlan(id, new ActionRequest(ActionKind.Flush) { PodIp = PodIp, Preset = FlushPreset.DeadBackend }, by, Views.NowMs, verdict ?? Green, "d-" + id, Views.NowMs + 60_000)
        {
            Previews = [Preview("node-a", Entry("10.1.0.9", FlushEffect.FailsFast)), Preview("node-b", Entry("10.1.2.9", FlushEffect.MayBreak)) with { LeftOut = 3 }, Preview("node-c")],
            SuggestedReason = "pod gone, 2 stale entries", Owner = new PlanOwner(OwnerState.Gone, "shop/orders-1", null), Session = "s-" + by,
        }, state, Views.NowMs) { Reason = state is ActionState.Previewed ? "" : "pod gone" };

    public static ActionRecord Flushed(string id = "flush-1") => Flush(id, state: ActionState.Completed) with
    {
        Message = "1 entry deleted on 1 node; none remain.", StartedMs = Views.NowMs,
        Nodes = [new NodeResult("node-a", NodeOutcome.Done, new FlushResult(id, "node-a", 1, 1, 0, 0, 0, 0, null, [], 12, "D")), new NodeResult("node-b", NodeOutcome.Unknown)],
    };

    public static ActionRecord Setting(string id = "setting-1", GuardVerdict? verdict = null, ActionState state = ActionState.Previewed, params string[] nodes) => new(
        new ActionPlan(
            id, new ActionRequest(ActionKind.Setting) { Key = SettingCatalog.BeLiberal, Value = "1", RevertAfterMs = 300_000, Nodes = nodes }, "ada", Views.NowMs,
            verdict ?? new GuardVerdict(GuardDecision.Allow, "node-a reverts the change after 5 min."), "d-" + id, Views.NowMs + 60_000)
        {
            Readings = [.. nodes.Select(node => new SettingReading(id, node, SettingCatalog.BeLiberal, "0", null, null, null))], Session = "s-ada",
        }, state, Views.NowMs) { Reason = state is ActionState.Previewed ? "" : "clients reset" };

    /// <summary>Written on its nodes and open for five minutes.</summary>
    public static ActionRecord Applied(string id = "setting-1", SettingOutcome outcome = SettingOutcome.Written, string? sentence = null, params string[] nodes) => Setting(id, null, ActionState.Completed, nodes) with
    {
        StartedMs = Views.NowMs,
        Nodes = [.. nodes.Select(node => new NodeResult(node, NodeOutcome.Done, Setting: new SettingResult(id, node, SettingCatalog.BeLiberal, outcome, "0", "1", Views.NowMs + 300_000, sentence)))],
    };

    public static FlushPreview Preview(string node, params FlowEntry[] entries) => new("p1", node, "n" + node, entries, Views.NowMs + 60_000, null, true);

    public static FlowEntry Entry(string client, FlushEffect effect) =>
        new("tcp", "ESTABLISHED", client, 40_000, "10.96.0.1", 80, PodIp, 8080, client, 40_000, 0, 7, 280, 14, effect);
}
