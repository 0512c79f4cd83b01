using System.Text;
using ConntrackConsole.Actions.Guards;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Actions.Workflow;

/// <summary>What the nodes' answers amount to. Pure: asked again whenever another answer comes.</summary>
internal static class OutcomeSummary
{
    public static (ActionState State, string Sentence) Of(ActionKind kind, IReadOnlyList<NodeResult> nodes)
    {
        ArgumentNullException.ThrowIfNull(nodes);
        var sentence = new StringBuilder();
        var done = nodes.Where(n => n.Outcome == NodeOutcome.Done).ToList();
        bool good = kind == ActionKind.Flush ? Flush(done, sentence) : Setting(done, sentence);
        foreach (var told in done.Where(n => n.Sentence is not null))
            sentence.Append($" {told.Sentence}");
        foreach (var refused in nodes.Where(n => n.Outcome == NodeOutcome.Refused))
            sentence.Append($" {refused.Node} did nothing: {refused.Sentence ?? refused.Flush?.Refusal ?? refused.Setting?.Sentence}");
        var unknown = Names(nodes, NodeOutcome.Unknown);
        if (unknown.Length > 0)
            sentence.Append($" {unknown} did not answer after the order was sent: what happened there is unknown, and is asked again when it is back. Nothing is sent twice.");
        if (Names(nodes, NodeOutcome.NotAsked) is { Length: > 0 } notAsked)
            sentence.Append(kind == ActionKind.Flush ? $" {notAsked} could not be asked: entries there stay." : $" {notAsked} could not be asked: nothing was changed there.");
        if (Names(nodes, NodeOutcome.Stopped) is { Length: > 0 } stopped)
            sentence.Append($" {stopped} kept the value, because a node before it failed.");
        bool worked = done.Any(Worked);
        var state = unknown.Length > 0 ? ActionState.Unknown
            : !worked ? (done.Any(CutOff) ? ActionState.Partly : ActionState.Failed)
            : good && done.Count == nodes.Count && done.All(Worked) ? ActionState.Completed
            : ActionState.Partly;
        return (state, sentence.ToString().Trim());
    }

    /// <summary>The nodes of a plan that no order goes to, with the reason.</summary>
    public static IEnumerable<NodeResult> NotContacted(ActionPlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        return plan.Silent.Except(plan.Targets).Select(n => new NodeResult(n, NodeOutcome.NotAsked))
            .Concat(plan.Previews.Where(p => p.Refusal is not null).Select(p => new NodeResult(p.Node, NodeOutcome.Refused, Sentence: p.Refusal, RefusalCode: p.RefusalCode)));
    }

    /// <summary>The node did what it was asked for, or found it done; what became later of the return is another matter.</summary>
    public static bool Worked(NodeResult node)
    {
        ArgumentNullException.ThrowIfNull(node);
        return node switch
        {
            { Flush: { Refusal: null } flush } => !(flush.Unsure || (flush.Deleted == 0 && flush.Failed > 0)),
            { Setting: { } setting } => setting.Outcome is SettingOutcome.Written or SettingOutcome.Already or SettingOutcome.Reverted
                or SettingOutcome.Withheld or SettingOutcome.Drifted or SettingOutcome.Void,
            _ => false,
        };
    }

    // Killed in the middle: it may have done a part, or all of it but the last word.
    private static bool CutOff(NodeResult node) => node is { Flush.Unsure: true } or { Setting: { Outcome: SettingOutcome.Unsure, RevertAtMs: not null } };

    private static bool Flush(List<NodeResult> nodes, StringBuilder sentence)
    {
        var done = nodes.Select(n => n.Flush!).ToList();
        if (done.Count == 0)
            return false;
        var uncounted = done.Where(r => r.Remaining < 0).Select(r => r.Node).ToList();
        long deleted = done.Sum(r => (long)r.Deleted), alive = done.Sum(r => (long)r.Alive), failed = done.Sum(r => (long)r.Failed);
        long remaining = done.Sum(r => Math.Max(r.Remaining, 0L));
        string left = remaining > 0 ? $"{ActionFormatter.Entries(remaining)} remaining" : uncounted.Count == 0 ? "none remains" : "none seen remaining";
        int whole = done.Count(r => !r.Unsure);
        sentence.Append(whole == 0 ? $"How many entries were deleted is not known; {left}." : $"{ActionFormatter.Entries(deleted)} deleted on {ActionFormatter.Nodes(whole)}; {left}.");
        if (uncounted.Count > 0)
            sentence.Append($" What is left on {string.Join(", ", uncounted)} could not be read.");
        if (alive > 0)
            sentence.Append($" {ActionFormatter.Entries(alive)} left alone: the backend answers.");
        if (failed > 0)
            sentence.Append($" {ActionFormatter.Entries(failed)} failed: {done.SelectMany(r => r.Errors).FirstOrDefault() ?? "the kernel refused."}");
        if (done.Where(r => r.Unsure).Select(r => r.Node).ToList() is { Count: > 0 } cut)
            sentence.Append($" On {string.Join(", ", cut)} the flush was cut off in the middle: what remains was counted afterwards; the rest can be deleted by a new one.");
        return failed == 0 && uncounted.Count == 0;
    }

    private static bool Setting(List<NodeResult> nodes, StringBuilder sentence)
    {
        foreach (var group in nodes.GroupBy(n => n.Setting!.Outcome).OrderBy(g => g.Key))
        {
            string names = ActionGuard.Names(group.Select(n => n.Node));
            var first = group.First().Setting!;
            sentence.Append(group.Key switch
            {
                SettingOutcome.Written => $" {first.Before} → {first.Now} on {names}.",
                SettingOutcome.Already => $" It was {first.Now} on {names} already.",
                SettingOutcome.Reverted => $" Back to {first.Now} on {names}.",
                _ => $" {names}: {first.Sentence}",
            });
        }

        return true;
    }

    private static string Names(IReadOnlyList<NodeResult> nodes, NodeOutcome fate) => ActionGuard.Names(nodes.Where(n => n.Outcome == fate).Select(n => n.Node));
}
