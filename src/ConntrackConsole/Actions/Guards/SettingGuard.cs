using ConntrackConsole.Wire;
using static ConntrackConsole.Actions.Guards.GuardVerdict;

namespace ConntrackConsole.Actions.Guards;

/// <summary>The rules of a change of settings.</summary>
internal static class SettingGuard
{
    /// <summary>When nodes set a change back where nobody said otherwise.</summary>
    public const long DefaultRevertMs = 30 * 60 * 1000;

    internal static readonly IReadOnlyList<Func<GuardContext, GuardVerdict?>> Rules =
    [
        context => SettingCatalog.Find(context.Request.Key) is null ? Refuse(SettingReasons.UnknownKey, "This is no setting that can be changed from here: see the list on the page or GET /api/v1/settings.") : null,
        context => Kind(context).Refuse(context.Request.Value) is { } wrong ? Refuse(wrong.Code, wrong.Message) : null,
        context => Kind(context).Key == SettingCatalog.DropInvalid && context.Request.Value == SettingCatalog.Off
            ? Refuse(SettingReasons.FilterOff, "The filter is taken away by reverting the change that put it there.") : null,
        Time,
        context => context.Nodes.Count > 0 ? null : Refuse(SettingGuardReasons.NoNode, "No node is named: a setting is changed on the nodes that you choose, never on all without a word."),
        context => context.Nodes.Where(n => !n.Connected).ToList() is { Count: > 0 } deaf
            ? Refuse(SettingGuardReasons.NodeNotConnected, $"{ActionGuard.Names(deaf.Select(n => n.Name))} cannot be asked: no collector is connected there. Leave it out, or start its collector.")
            : null,
        context => context.Nodes.FirstOrDefault(n => n.CannotAct is not null) is { } cannot ? Refuse(cannot.CannotAct!.Code, cannot.CannotAct.Message) : null,
        context => Kind(context).Carrier != SettingCarrier.Ipvs || context.Nodes.FirstOrDefault(n => n.Mode != ProxyMode.Ipvs) is not { } other ? null : Refuse(
            SettingReasons.NotIpvs, $"kube-proxy on {other.Name} does not run in ipvs mode, so IPVS timeouts have no effect there."),
        context => Kind(context).Carrier != SettingCarrier.Filter || context.Nodes.FirstOrDefault(n => n.DropsInvalid == true) is not { } has ? null : Refuse(
            SettingReasons.FilterRedundant, $"kube-proxy's own rule already drops INVALID packets on {has.Name}: a second one changes nothing."),
        context => context.Readings is { } readings && context.Silent.Count > 0
            ? Refuse(SettingGuardReasons.NodeSilent, $"{ActionGuard.Names(context.Silent)} did not answer: nothing is changed where the present value is not known.") : null,
        context => context.Readings?.FirstOrDefault(r => r.Refusal is not null) is { } refusing ? Refuse(refusing.RefusalCode ?? SettingGuardReasons.NodeRefuses, $"{refusing.Node}: {refusing.Refusal}") : null,
        context => context.Readings?.FirstOrDefault(r => r.Value is null) is { } unread ? Refuse(SettingReasons.Unreadable, $"{unread.Node} cannot read {context.Request.Target}: nothing is changed blindly.") : null,
        context => context.Readings?.FirstOrDefault(r => r.Open is not null) is { Open: { } open } busy
            ? Refuse(SettingReasons.OpenChange, $"{busy.Node} already has an open change of this setting ({open.Before} → {open.Written}): revert that one first.") : null,
        context => context.Readings is { Count: > 0 } all && all.All(r => r.Value == context.Request.Value)
            ? Refuse(SettingGuardReasons.Unchanged, $"It is {context.Request.Value} on {(all.Count == 1 ? all[0].Node : "every one of these nodes")} already.") : null,
        context => Kind(context).Carrier == SettingCarrier.Filter ? Confirm(SettingGuardReasons.FilterDrops, Kind(context).Trap) : null,
        context => Kind(context).Key == SettingCatalog.BeLiberal && context.Request.Value == "0"
            ? Confirm(SettingGuardReasons.BeLiberalOff, "Where kube-proxy started while it was 1 it has installed no rule against INVALID segments: with 0 nothing protects until it is restarted.") : null,
        context => context.Nodes.Count > 1 ? Confirm(SettingGuardReasons.ManyNodes, $"It is changed on {context.Nodes.Count} nodes: first on {context.Nodes[0].Name}, then on the others, and no further after the first that fails.") : null,
    ];

    internal static string Harmless(GuardContext context) =>
        $"{context.Nodes[0].Name} sets it back by itself after {Words(context.Request.RevertAfterMs ?? DefaultRevertAfterMs(Kind(context)))}.";

    public static long DefaultRevertAfterMs(SettingKind kind)
    {
        ArgumentNullException.ThrowIfNull(kind);
        return Math.Min(DefaultRevertMs, kind.LongestMs);
    }

    private static SettingKind Kind(GuardContext context) => SettingCatalog.Find(context.Request.Key)!;

    private static GuardVerdict? Time(GuardContext context)
    {
        long after = context.Request.RevertAfterMs ?? DefaultRevertAfterMs(Kind(context));
        return after >= 10_000 && after <= Kind(context).LongestMs
            ? null
            : Refuse(SettingReasons.InvalidRevertTime, $"The time after which it is set back must be from 10 s to {Words(Kind(context).LongestMs)}.");
    }

    private static string Words(long ms) => ms % 3_600_000 == 0 ? $"{ms / 3_600_000} h" : ms % 60_000 == 0 ? $"{ms / 60_000} min" : $"{ms / 1000} s";
}
