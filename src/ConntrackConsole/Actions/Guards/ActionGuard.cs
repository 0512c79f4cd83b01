using ConntrackConsole.Identity;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Actions.Guards;

/// <summary>
/// Decides whether an action is allowed and what it requires first. A pure function over a table of rules: each checks one thing and has its
/// own code. The first refusal decides; otherwise the strictest requirement, and the message lists all of them.
/// </summary>
internal static class ActionGuard
{
    private static readonly Func<GuardContext, GuardVerdict?>[] Common =
    [
        context => context.Principal.Role.MayAct() ? null : GuardVerdict.Refuse(
            ActionReasons.RoleMayNotAct, $"{context.Principal.Name} is a {context.Principal.Role.Name()} here and has read-only access: ask an operator.") with { IsRole = true },
        context => !context.ReadOnly ? null : GuardVerdict.Refuse(ActionReasons.ReadOnly, "This console is read-only (Actions:ReadOnly): nothing can be changed from it."),
        context => !context.Request.BreakGlass || context.Principal.Role.MayBreakGlass() ? null : GuardVerdict.Refuse(
            ActionReasons.RoleNotBreakGlass, $"{context.Principal.Name} is {context.Principal.Role.Name()}, not break-glass: request the action without it, or sign in with a break-glass link.") with { IsRole = true },
        context => string.IsNullOrWhiteSpace(context.Reason) ? GuardVerdict.Refuse(ActionReasons.MissingReason, "A reason is required: write one sentence for the audit log.") : null,
        UnknownNodes,
        Rate,
    ];

    public static GuardVerdict Check(GuardContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        bool flush = context.Request.Kind == ActionKind.Flush;
        var verdicts = new List<GuardVerdict>();
        foreach (var rule in Common.Concat(flush ? FlushGuard.Rules : SettingGuard.Rules).Append(Policy.Rule))
        {
            if (rule(context) is not { } verdict)
                continue;
            if (verdict.Decision == GuardDecision.Refuse)
                return verdict;
            verdicts.Add(verdict);
        }

        if (verdicts.Count == 0)
            return new GuardVerdict(GuardDecision.Allow, flush ? FlushGuard.AllowedMessage(context) : SettingGuard.AllowedMessage(context)) { Code = ActionReasons.Allowed };
        var decision = verdicts.Max(v => v.Decision);
        verdicts = [.. verdicts.OrderByDescending(v => v.Decision)];
        string message = string.Join(" ", verdicts.Select(v => v.Message));
        if (decision == GuardDecision.NeedsApproval && context.Request.BreakGlass)
            (decision, message) = (GuardDecision.NeedsConfirmation, $"Break-glass: executes without a second person. {message}");
        return new GuardVerdict(decision, message, decision == GuardDecision.NeedsConfirmation ? ConfirmationText(context) : null)
        {
            Code = verdicts[0].Code, Reasons = [.. verdicts.Select(v => new Reason(v.Code!, v.Message))],
        };
    }

    // The user types what a wrong click would get wrong: the address, or the number of nodes.
    private static string ConfirmationText(GuardContext context) => context.Request.Kind == ActionKind.Flush
        ? context.Request.Target
        : context.Nodes.Count.ToString(System.Globalization.CultureInfo.InvariantCulture);

    // An unknown name must not silently shorten the list of nodes.
    private static GuardVerdict? UnknownNodes(GuardContext context) =>
        context.Nodes.FirstOrDefault(n => !n.Known) is { } unknown
            ? GuardVerdict.Refuse(ActionReasons.UnknownNode, $"The cluster has no node named '{Short(unknown.Name)}': give names as listed by 'kubectl get nodes'.")
            : context.Nodes.GroupBy(n => n.Name, StringComparer.Ordinal).FirstOrDefault(g => g.Count() > 1) is { } twice
                ? GuardVerdict.Refuse(ActionReasons.DuplicateNode, $"Node {Short(twice.Key)} is named twice: name each node once.")
                : null;

    private static GuardVerdict? Rate(GuardContext context)
    {
        var recent = context.Recent.Where(r => r.Id != context.Id).ToList();
        string window = $"in {RateLimits.Window.TotalMinutes:0} minutes";
        if (recent.Count(r => r.RequestedBy == context.RequestedBy) >= context.Rates.PerUser)
            return GuardVerdict.Refuse(ActionReasons.UserRateLimited, $"{context.RequestedBy} has executed {context.Rates.PerUser} actions {window}, the maximum per user: check their results before continuing.");
        if (recent.Count >= context.Rates.PerCluster)
            return GuardVerdict.Refuse(ActionReasons.ClusterRateLimited, $"{context.Rates.PerCluster} actions were executed {window}, the maximum per cluster: check their results before continuing.");
        return context.Nodes.FirstOrDefault(n => recent.Count(r => r.Nodes.Contains(n.Name)) >= context.Rates.PerNode) is { } busy
            ? GuardVerdict.Refuse(ActionReasons.NodeRateLimited, $"{context.Rates.PerNode} actions were executed on {busy.Name} {window}, the maximum per node: check their results before continuing.")
            : null;
    }

    internal static string Names(IEnumerable<string> names) => TextSummary.List([.. names], 5);

    private static string Short(string text) => TextSummary.Truncate(text, 60);
}
