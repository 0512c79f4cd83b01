using ConntrackConsole.Wire;

namespace ConntrackConsole.Actions.Guards;

/// <summary>The site policy of the configuration (Actions:Policy): it can only make the guards stricter.</summary>
internal static class Policy
{
    /// <summary>The verdict of the strictest matching rule.</summary>
    public static GuardVerdict? Rule(GuardContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var strictest = context.Policy.Where(rule => Matches(rule, context)).OrderByDescending(rule => rule.Require).FirstOrDefault();
        return strictest is null || strictest.Require == GuardDecision.Allow ? null : new GuardVerdict(strictest.Require, strictest.Require switch
        {
            GuardDecision.Refuse => "The site policy (Actions:Policy) forbids this action: ask the operator of the console.",
            GuardDecision.NeedsApproval => "The site policy (Actions:Policy) requires the approval of a second person.",
            _ => "The site policy (Actions:Policy) requires a typed confirmation.",
        })
        {
            Code = strictest.Require switch
            {
                GuardDecision.Refuse => PolicyReasons.Forbidden,
                GuardDecision.NeedsApproval => PolicyReasons.ApprovalRequired,
                _ => PolicyReasons.ConfirmationRequired,
            },
        };
    }

    private static bool Matches(PolicyRule rule, GuardContext context)
    {
        bool flush = context.Request.Kind == ActionKind.Flush;
        string action = flush ? "flush" : SettingCatalog.Find(context.Request.Key)?.Key ?? context.Request.Target;
        int count = flush ? context.Previews?.Sum(p => p.Entries.Count) ?? 0 : context.Nodes.Count;
        return (rule.Action is null || rule.Action == action || SettingCatalog.Find(rule.Action)?.Key == action)
            && (rule.Preset is null || (flush && rule.Preset == context.Request.Preset))
            && (rule.Namespace is null || Concerned(context).Any(name => name?.StartsWith(rule.Namespace + "/", StringComparison.Ordinal) == true))
            && (rule.MoreThan is null || count > rule.MoreThan);
    }

    // A flush with a scope breaks the connections of that Service's clients, whoever owns the address now.
    private static IEnumerable<string?> Concerned(GuardContext context) => [context.Owner.Name, context.NotBackendOf, .. context.ScopeServices];
}
