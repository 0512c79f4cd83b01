using ConntrackConsole.Wire;

namespace ConntrackConsole.Actions;

/// <summary>The rules of the house, from the configuration.</summary>
public static class Policy
{
    /// <summary>The strictest rule that matches.</summary>
    public static GuardVerdict? Rule(GuardContext world)
    {
        ArgumentNullException.ThrowIfNull(world);
        var strictest = world.Policy.Where(rule => Matches(rule, world)).OrderByDescending(rule => rule.Require).FirstOrDefault();
        return strictest is null || strictest.Require == GuardDecision.Allow ? null : new GuardVerdict(strictest.Require, strictest.Require switch
        {
            GuardDecision.Refuse => "A rule of this console (Actions:Policy) forbids it: ask whoever runs the console.",
            GuardDecision.NeedsApproval => "A rule of this console (Actions:Policy) asks for a second person.",
            _ => "A rule of this console (Actions:Policy) asks for a typed confirmation.",
        });
    }

    private static bool Matches(PolicyRule rule, GuardContext world)
    {
        bool flush = world.Request.Kind == ActionKind.Flush;
        string action = flush ? "flush" : SettingCatalog.Find(world.Request.Key)?.Key ?? world.Request.Target;
        int count = flush ? world.Previews?.Sum(p => p.Entries.Count) ?? 0 : world.Nodes.Count;
        return (rule.Action is null || rule.Action == action || SettingCatalog.Find(rule.Action)?.Key == action)
            && (rule.Preset is null || (flush && rule.Preset == world.Request.Preset))
            && (rule.Namespace is null || world.Owner.Name?.StartsWith(rule.Namespace + "/", StringComparison.Ordinal) == true)
            && (rule.MoreThan is null || count > rule.MoreThan);
    }
}
