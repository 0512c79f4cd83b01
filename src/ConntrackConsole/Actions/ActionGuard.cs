using ConntrackConsole.Identity;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Actions;

/// <summary>
/// Whether something may be done, and how much stands before it. A pure function over a table of rules: each looks at one
/// thing and has its own sentence. The first refusal decides; else the strictest doubt, and all of them are told together.
/// </summary>
public static class ActionGuard
{
    private static readonly Func<GuardContext, GuardVerdict?>[] Common =
    [
        world => world.Caller.Role.MayAct() ? null : GuardVerdict.Refuse(
            $"{world.Caller.Name} is a {world.Caller.Role.Name()} here and may look only: ask an operator.") with { OfRole = true },
        world => !world.ReadOnly ? null : GuardVerdict.Refuse("This console is set to read only (Actions:ReadOnly): nothing can be changed from it."),
        world => !world.Request.BreakGlass || world.Caller.Role.MayBreakGlass() ? null : GuardVerdict.Refuse(
            $"{world.Caller.Name} is {world.Caller.Role.Name()}, not break-glass: ask again without it, or sign in with a break-glass link.") with { OfRole = true },
        world => string.IsNullOrWhiteSpace(world.Reason) ? GuardVerdict.Refuse("A reason is missing: write one sentence for the audit log.") : null,
        UnknownNodes,
        Rate,
    ];

    public static GuardVerdict Check(GuardContext world)
    {
        ArgumentNullException.ThrowIfNull(world);
        bool flush = world.Request.Kind == ActionKind.Flush;
        var told = new List<GuardVerdict>();
        foreach (var rule in Common.Concat(flush ? FlushGuard.Rules : SettingGuard.Rules).Append(Policy.Rule))
        {
            if (rule(world) is not { } verdict)
                continue;
            if (verdict.Decision == GuardDecision.Refuse)
                return verdict;
            told.Add(verdict);
        }

        if (told.Count == 0)
            return new GuardVerdict(GuardDecision.Allow, flush ? FlushGuard.Harmless(world) : SettingGuard.Harmless(world));
        var decision = told.Max(t => t.Decision);
        string sentence = string.Join(" ", told.OrderByDescending(t => t.Decision).Select(t => t.Sentence));
        if (decision == GuardDecision.NeedsApproval && world.Request.BreakGlass)
            (decision, sentence) = (GuardDecision.NeedsConfirmation, $"Break-glass, without a second person. {sentence}");
        return new GuardVerdict(decision, sentence, decision == GuardDecision.NeedsConfirmation ? Typed(world) : null);
    }

    // What has to be typed is what a slip of the mouse gets wrong: the address, or how many nodes.
    private static string Typed(GuardContext world) => world.Request.Kind == ActionKind.Flush
        ? world.Request.Target
        : world.Nodes.Count.ToString(System.Globalization.CultureInfo.InvariantCulture);

    // A name that is no node's must never be a smaller list without a word.
    private static GuardVerdict? UnknownNodes(GuardContext world) =>
        world.Nodes.FirstOrDefault(n => !n.Known) is { } unknown
            ? GuardVerdict.Refuse($"The cluster has no node named '{Short(unknown.Name)}': give names as 'kubectl get nodes' shows them.")
            : world.Nodes.GroupBy(n => n.Name, StringComparer.Ordinal).FirstOrDefault(g => g.Count() > 1) is { } twice
                ? GuardVerdict.Refuse($"Node {Short(twice.Key)} is named twice: name each once.")
                : null;

    private static GuardVerdict? Rate(GuardContext world)
    {
        var recent = world.Recent.Where(r => r.Id != world.Id).ToList();
        string window = $"in {RateLimits.Window.TotalMinutes:0} minutes";
        if (recent.Count(r => r.Plan.AskedBy == world.Asker) >= world.Rates.PerUser)
            return GuardVerdict.Refuse($"{world.Asker} has carried out {world.Rates.PerUser} actions {window}, the most for one person: stop and look what they did.");
        if (recent.Count >= world.Rates.PerCluster)
            return GuardVerdict.Refuse($"{world.Rates.PerCluster} actions were carried out {window}, the most for one cluster: stop and look what they did.");
        return world.Nodes.FirstOrDefault(n => recent.Count(r => r.Plan.Targets.Contains(n.Name)) >= world.Rates.PerNode) is { } busy
            ? GuardVerdict.Refuse($"{world.Rates.PerNode} actions were carried out on {busy.Name} {window}, the most for one node: stop and look what they did.")
            : null;
    }

    internal static string Names(IEnumerable<string> names)
    {
        var all = names.ToList();
        return all.Count <= 5 ? string.Join(", ", all) : $"{string.Join(", ", all.Take(5))} and {all.Count - 5} more";
    }

    private static string Short(string text) => text.Length > 60 ? text[..60] + "…" : text;
}
