using ConntrackConsole.Actions.Guards;
using ConntrackConsole.Configuration;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Actions.Workflow;

/// <summary>The configuration of actions, in the types that the guards use.</summary>
/// <param name="ReadOnly">Nothing can be changed from this console.</param>
/// <param name="CanaryMs">How long the first node of a setting is observed before the others follow.</param>
internal sealed record ActionSettings(bool ReadOnly, RateLimits Rates, IReadOnlyList<PolicyRule> Policy, int CanaryMs)
{
    internal static ActionSettings Of(ActionsOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return new ActionSettings(
            options.ReadOnly, new RateLimits(options.PerUser, options.PerNode, options.PerCluster),
            [.. options.Policy.Select(rule => new PolicyRule(rule.Action, Preset(rule.Preset), rule.Namespace, rule.MoreThan, Requirement(rule.Require)))],
            options.CanarySeconds * 1000);
    }

    /// <summary>The preset with this name, or null.</summary>
    public static FlushPreset? Preset(string? name) => name switch
    {
        "safe" => FlushPreset.Safe,
        "dead-backend" => FlushPreset.DeadBackend,
        "all" => FlushPreset.All,
        _ => null,
    };

    private static GuardDecision Requirement(string? name) => name switch
    {
        "confirmation" => GuardDecision.NeedsConfirmation,
        "approval" => GuardDecision.NeedsApproval,
        _ => GuardDecision.Refuse,
    };
}
