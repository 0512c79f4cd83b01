using ConntrackConsole.Wire;
using static ConntrackConsole.Actions.Guards.GuardVerdict;

namespace ConntrackConsole.Actions.Guards;

/// <summary>The rules of a setting change.</summary>
internal static class SettingGuard
{
    /// <summary>Default time until nodes revert a change.</summary>
    public const long DefaultRevertMs = 30 * 60 * 1000;

    internal static readonly IReadOnlyList<Func<GuardContext, GuardVerdict?>> Rules =
    [
        context => SettingCatalog.Find(context.Request.Key) is null ? Refuse(SettingReasons.UnknownKey, "This setting cannot be changed from here: see the list on the page or GET /api/v1/settings.") : null,
        context => Kind(context).Refuse(context.Request.Value) is { } wrong ? Refuse(wrong.Code, wrong.Message) : null,
        context => Kind(context).Key == SettingCatalog.DropInvalid && context.Request.Value == SettingCatalog.Off
            ? Refuse(SettingReasons.FilterOff, "The filter is removed by reverting the change that installed it.") : null,
        RevertTime,
        context => context.Nodes.Count > 0 ? null : Refuse(SettingGuardReasons.NoNode, "No node is named: a setting is changed only on explicitly chosen nodes."),
        context => context.Nodes.Where(n => !n.Connected).ToList() is { Count: > 0 } offline
            ? Refuse(SettingGuardReasons.NodeNotConnected, $"{ActionGuard.Names(offline.Select(n => n.Name))} cannot be queried: no collector is connected there. Exclude the node, or start its collector.")
            : null,
        context => context.Nodes.FirstOrDefault(n => n.CannotAct is not null) is { } cannot ? Refuse(cannot.CannotAct!.Code, cannot.CannotAct.Message) : null,
        context => Kind(context).Carrier != SettingCarrier.Ipvs || context.Nodes.FirstOrDefault(n => n.Mode != ProxyMode.Ipvs) is not { } other ? null : Refuse(
            SettingReasons.NotIpvs, $"kube-proxy on {other.Name} does not run in ipvs mode, so IPVS timeouts have no effect there."),
        context => Kind(context).Carrier != SettingCarrier.Filter || context.Nodes.FirstOrDefault(n => n.DropsInvalid == true) is not { } has ? null : Refuse(
            SettingReasons.FilterRedundant, $"kube-proxy's own rule already drops INVALID packets on {has.Name}: a second rule has no effect."),
        context => context.Readings is { } readings && context.Silent.Count > 0
            ? Refuse(SettingGuardReasons.NodeSilent, $"{ActionGuard.Names(context.Silent)} did not answer: a setting is not changed where its current value is unknown.") : null,
        context => context.Readings?.FirstOrDefault(r => r.Refusal is not null) is { } refusing ? Refuse(refusing.RefusalCode ?? SettingGuardReasons.NodeRefuses, $"{refusing.Node}: {refusing.Refusal}") : null,
        context => context.Readings?.FirstOrDefault(r => r.Value is null) is { } unread ? Refuse(SettingReasons.Unreadable, $"{unread.Node} cannot read {context.Request.Target}: a setting is not changed where its current value is unknown.") : null,
        context => context.Readings?.FirstOrDefault(r => r.Open is not null) is { Open: { } open } busy
            ? Refuse(SettingReasons.OpenChange, $"{busy.Node} already has an open change of this setting ({open.Before} → {open.Written}): revert that change first.") : null,
        context => context.Readings is { Count: > 0 } all && all.All(r => r.Value == context.Request.Value)
            ? Refuse(SettingGuardReasons.Unchanged, $"The value is already {context.Request.Value} on {(all.Count == 1 ? all[0].Node : "each of these nodes")}.") : null,
        context => Kind(context).Carrier == SettingCarrier.Filter ? Confirm(SettingGuardReasons.FilterDrops, Kind(context).Trap) : null,
        context => Kind(context).Key == SettingCatalog.BeLiberal && context.Request.Value == "0"
            ? Confirm(SettingGuardReasons.BeLiberalOff, "If kube-proxy started while this was 1, it did not install its rule against INVALID segments: with 0 there is no protection until kube-proxy restarts.") : null,
        context => context.Nodes.Count > 1 ? Confirm(SettingGuardReasons.ManyNodes, $"The setting is changed on {context.Nodes.Count} nodes: first on {context.Nodes[0].Name}, then on the others, stopping at the first failure.") : null,
    ];

    internal static string AllowedMessage(GuardContext context) =>
        $"{context.Nodes[0].Name} reverts the change automatically after {Duration(context.Request.RevertAfterMs ?? DefaultRevertAfterMs(Kind(context)))}.";

    public static long DefaultRevertAfterMs(SettingKind kind)
    {
        ArgumentNullException.ThrowIfNull(kind);
        return Math.Min(DefaultRevertMs, kind.MaxRevertMs);
    }

    private static SettingKind Kind(GuardContext context) => SettingCatalog.Find(context.Request.Key)!;

    private static GuardVerdict? RevertTime(GuardContext context)
    {
        long after = context.Request.RevertAfterMs ?? DefaultRevertAfterMs(Kind(context));
        return after >= 10_000 && after <= Kind(context).MaxRevertMs
            ? null
            : Refuse(SettingReasons.InvalidRevertTime, $"The time until the automatic revert must be from 10 s to {Duration(Kind(context).MaxRevertMs)}.");
    }

    private static string Duration(long ms) => ms % 3_600_000 == 0 ? $"{ms / 3_600_000} h" : ms % 60_000 == 0 ? $"{ms / 60_000} min" : $"{ms / 1000} s";
}
