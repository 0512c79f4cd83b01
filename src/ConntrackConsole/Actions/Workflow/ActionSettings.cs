
using ConntrackConsole.Actions.Guards;
using ConntrackConsole.Configuration;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Actions.Workflow;

/// <summary>What the configuration says of actions, in the guards' words.</summary>
/// <param name="ReadOnly">Nothing can be changed from this console.</param>
/// <param name="CanaryMs">How long the first node of a setting is watched before the others follow.</param>
public sealed record ActionSettings(bool ReadOnly, RateLimits Rates, IReadOnlyList<PolicyRule> Policy, int CanaryMs)
{
    internal static ActionSettings Of(ActionsOptions written)
    {
        ArgumentNullException.ThrowIfNull(written);
        return new ActionSettings(
            written.ReadOnly, new RateLimits(written.PerUser, written.PerNode, written.PerCluster),
            [.. written.Policy.Select(rule => new PolicyRule(rule.Action, Preset(rule.Preset), rule.Namespace, rule.MoreThan, Demand(rule.Require)))],
            written.CanarySeconds * 1000);
    }

    /// <summary>A preset by its name; null for none.</summary>
    public static FlushPreset? Preset(string? name) => name switch
    {
        "safe" => FlushPreset.Safe,
        "dead-backend" => FlushPreset.DeadBackend,
        "all" => FlushPreset.All,
        _ => null,
    };

    private static GuardDecision Demand(string? word) => word switch
    {
        "confirmation" => GuardDecision.NeedsConfirmation,
        "approval" => GuardDecision.NeedsApproval,
        _ => GuardDecision.Refuse,
    };
}
