
using ConntrackConsole.Identity;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Actions.Guards;

/// <summary>
/// Whether an action is allowed, and what it needs first. A pure function over a table of rules: each checks one thing and has its own code.
/// The first refusal decides; otherwise the strictest demand, and the sentence lists all of them.
/// </summary>
internal static class ActionGuard
{
    private static readonly Func<GuardContext, GuardVerdict?>[] Common =
    [
        context => context.Principal.Role.MayAct() ? null : GuardVerdict.Refuse(
            ActionReasons.RoleMayNotAct, $"{context.Principal.Name} is a {context.Principal.Role.Name()} here and may look only: ask an operator.") with { OfRole = true },
        context => !context.ReadOnly ? null : GuardVerdict.Refuse(ActionReasons.ReadOnly, "This console is set to read only (Actions:ReadOnly): nothing can be changed from it."),
        context => !context.Request.BreakGlass || context.Principal.Role.MayBreakGlass() ? null : GuardVerdict.Refuse(
            ActionReasons.RoleNotBreakGlass, $"{context.Principal.Name} is {context.Principal.Role.Name()}, not break-glass: ask again without it, or sign in with a break-glass link.") with { OfRole = true },
        context => string.IsNullOrWhiteSpace(context.Reason) ? GuardVerdict.Refuse(ActionReasons.MissingReason, "A reason is missing: write one sentence for the audit log.") : null,
        UnknownNodes,
        Rate,
    ];

    public static GuardVerdict Check(GuardContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        bool flush = context.Request.Kind == ActionKind.Flush;
        var told = new List<GuardVerdict>();
        foreach (var rule in Common.Concat(flush ? FlushGuard.Rules : SettingGuard.Rules).Append(Policy.Rule))
        {
            if (rule(context) is not { } verdict)
                continue;
            if (verdict.Decision == GuardDecision.Refuse)
                return verdict;
            told.Add(verdict);
        }

        if (told.Count == 0)
            return new GuardVerdict(GuardDecision.Allow, flush ? FlushGuard.Harmless(context) : SettingGuard.Harmless(context)) { Code = ActionReasons.Allowed };
        var decision = told.Max(t => t.Decision);
        told = [.. told.OrderByDescending(t => t.Decision)];
        string sentence = string.Join(" ", told.Select(t => t.Sentence));
        if (decision == GuardDecision.NeedsApproval && context.Request.BreakGlass)
            (decision, sentence) = (GuardDecision.NeedsConfirmation, $"Break-glass, without a second person. {sentence}");
        return new GuardVerdict(decision, sentence, decision == GuardDecision.NeedsConfirmation ? Typed(context) : null)
        {
            Code = told[0].Code, Reasons = [.. told.Select(t => new Reason(t.Code!, t.Sentence))],
        };
    }

    // What has to be typed is what a slip of the mouse gets wrong: the address, or how many nodes.
    private static string Typed(GuardContext context) => context.Request.Kind == ActionKind.Flush
        ? context.Request.Target
        : context.Nodes.Count.ToString(System.Globalization.CultureInfo.InvariantCulture);

    // A name that is no node's must never be a smaller list without a word.
    private static GuardVerdict? UnknownNodes(GuardContext context) =>
        context.Nodes.FirstOrDefault(n => !n.Known) is { } unknown
            ? GuardVerdict.Refuse(ActionReasons.UnknownNode, $"The cluster has no node named '{Short(unknown.Name)}': give names as 'kubectl get nodes' shows them.")
            : context.Nodes.GroupBy(n => n.Name, StringComparer.Ordinal).FirstOrDefault(g => g.Count() > 1) is { } twice
                ? GuardVerdict.Refuse(ActionReasons.DuplicateNode, $"Node {Short(twice.Key)} is named twice: name each once.")
                : null;

    private static GuardVerdict? Rate(GuardContext context)
    {
        var recent = context.Recent.Where(r => r.Id != context.Id).ToList();
        string window = $"in {RateLimits.Window.TotalMinutes:0} minutes";
        if (recent.Count(r => r.RequestedBy == context.Asker) >= context.Rates.PerUser)
            return GuardVerdict.Refuse(ActionReasons.UserRateLimited, $"{context.Asker} has carried out {context.Rates.PerUser} actions {window}, the most for one person: stop and look what they did.");
        if (recent.Count >= context.Rates.PerCluster)
            return GuardVerdict.Refuse(ActionReasons.ClusterRateLimited, $"{context.Rates.PerCluster} actions were carried out {window}, the most for one cluster: stop and look what they did.");
        return context.Nodes.FirstOrDefault(n => recent.Count(r => r.Nodes.Contains(n.Name)) >= context.Rates.PerNode) is { } busy
            ? GuardVerdict.Refuse(ActionReasons.NodeRateLimited, $"{context.Rates.PerNode} actions were carried out on {busy.Name} {window}, the most for one node: stop and look what they did.")
            : null;
    }

    internal static string Names(IEnumerable<string> names)
    {
        var all = names.ToList();
        return all.Count <= 5 ? string.Join(", ", all) : $"{string.Join(", ", all.Take(5))} and {all.Count - 5} more";
    }

    private static string Short(string text) => text.Length > 60 ? text[..60] + "…" : text;
}
