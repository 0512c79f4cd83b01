using System.Text;
using ConntrackConsole.Actions.Guards;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Actions.Workflow;

/// <summary>Summarizes the answers of the nodes. A pure function, evaluated again after each answer.</summary>
internal static class OutcomeSummary
{
    public static (ActionState State, string Message) Of(ActionKind kind, IReadOnlyList<NodeResult> nodes)
    {
        ArgumentNullException.ThrowIfNull(nodes);
        var message = new StringBuilder();
        var done = nodes.Where(n => n.Outcome == NodeOutcome.Done).ToList();
        bool good = kind == ActionKind.Flush ? Flush(done, message) : Setting(done, message);
        foreach (var noted in done.Where(n => n.Message is not null))
            message.Append($" {noted.Message}");
        foreach (var refused in nodes.Where(n => n.Outcome == NodeOutcome.Refused))
            message.Append($" {refused.Node} did nothing: {refused.Message ?? refused.Flush?.Refusal ?? refused.Setting?.Message}");
        var unknown = Names(nodes, NodeOutcome.Unknown);
        if (unknown.Length > 0)
            message.Append($" {unknown} did not answer after the command was sent: the result there is unknown and is queried again after a reconnect. Nothing is sent twice.");
        if (Names(nodes, NodeOutcome.NotAsked) is { Length: > 0 } notAsked)
            message.Append(kind == ActionKind.Flush ? $" {notAsked} could not be contacted: entries there remain." : $" {notAsked} could not be contacted: nothing was changed there.");
        if (Names(nodes, NodeOutcome.Stopped) is { Length: > 0 } stopped)
            message.Append($" {stopped} kept the previous value because an earlier node failed.");
        bool worked = done.Any(Worked);
        var state = unknown.Length > 0 ? ActionState.Unknown
            : !worked ? (done.Any(IsInterrupted) ? ActionState.Partly : ActionState.Failed)
            : good && done.Count == nodes.Count && done.All(Worked) ? ActionState.Completed
            : ActionState.Partly;
        return (state, message.ToString().Trim());
    }

    /// <summary>The nodes of a plan that receive no command, with the reason.</summary>
    public static IEnumerable<NodeResult> NotContacted(ActionPlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        return plan.Silent.Except(plan.Targets).Select(n => new NodeResult(n, NodeOutcome.NotAsked))
            .Concat(plan.Previews.Where(p => p.Refusal is not null).Select(p => new NodeResult(p.Node, NodeOutcome.Refused, Message: p.Refusal, RefusalCode: p.RefusalCode)));
    }

    /// <summary>The node did what was requested, or it was already done; the later outcome of the revert does not count.</summary>
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

    // The collector was killed: it may have done a part, or everything except reporting it.
    private static bool IsInterrupted(NodeResult node) => node is { Flush.Unsure: true } or { Setting: { Outcome: SettingOutcome.Unsure, RevertAtMs: not null } };

    private static bool Flush(List<NodeResult> nodes, StringBuilder message)
    {
        var done = nodes.Select(n => n.Flush!).ToList();
        if (done.Count == 0)
            return false;
        var uncounted = done.Where(r => r.Remaining < 0).Select(r => r.Node).ToList();
        long deleted = done.Sum(r => (long)r.Deleted), alive = done.Sum(r => (long)r.Alive), failed = done.Sum(r => (long)r.Failed);
        long remaining = done.Sum(r => Math.Max(r.Remaining, 0L));
        string left = remaining > 0 ? $"{ActionFormatter.Entries(remaining)} remaining" : uncounted.Count == 0 ? "none remain" : "none seen remaining";
        // Nodes that had no entry are not counted: the preview does not count them either.
        int had = done.Count(r => !r.Unsure && r.Deleted > 0);
        message.Append(done.All(r => r.Unsure) ? $"The number of deleted entries is unknown; {left}." : $"{ActionFormatter.Entries(deleted)} deleted{(had > 0 ? $" on {ActionFormatter.Nodes(had)}" : "")}; {left}.");
        if (uncounted.Count > 0)
            message.Append($" The remaining entries on {string.Join(", ", uncounted)} could not be read.");
        if (alive > 0)
            message.Append($" {ActionFormatter.Entries(alive)} skipped because the backend still answers.");
        if (failed > 0)
            message.Append($" {ActionFormatter.Entries(failed)} failed: {done.SelectMany(r => r.Errors).FirstOrDefault() ?? "the kernel reported an error."}");
        if (done.Where(r => r.Unsure).Select(r => r.Node).ToList() is { Count: > 0 } cut)
            message.Append($" On {string.Join(", ", cut)} the flush was interrupted: the remaining entries were counted afterwards and can be deleted by a new flush.");
        if (done.Where(r => r is { Unsure: true, RemainingIsScoped: false, Remaining: >= 0 }).Select(r => r.Node).ToList() is { Count: > 0 } all)
            message.Append($" Counted on {string.Join(", ", all)}: all entries of the address, also those that the flush does not select.");
        foreach (var result in done)
        {
            if (result.Ipvs?.Explain() is { } kept)
                message.Append($" On {result.Node}: {kept}");
        }

        // IPVS still drops the packets of these clients or sends them to the same server, or its table is not known.
        return failed == 0 && uncounted.Count == 0 && !done.Any(r => r.Ipvs is { OutlivesFlush: true });
    }

    private static bool Setting(List<NodeResult> nodes, StringBuilder message)
    {
        foreach (var group in nodes.GroupBy(n => n.Setting!.Outcome).OrderBy(g => g.Key))
        {
            string names = ActionGuard.Names(group.Select(n => n.Node));
            var first = group.First().Setting!;
            message.Append(group.Key switch
            {
                SettingOutcome.Written => $" {first.Before} → {first.Now} on {names}.",
                SettingOutcome.Already => $" The value was already {first.Now} on {names}.",
                SettingOutcome.Reverted => $" Reverted to {first.Now} on {names}.",
                _ => $" {names}: {first.Message}",
            });
        }

        return true;
    }

    private static string Names(IReadOnlyList<NodeResult> nodes, NodeOutcome outcome) => ActionGuard.Names(nodes.Where(n => n.Outcome == outcome).Select(n => n.Node));
}
