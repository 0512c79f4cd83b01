using ConntrackConsole.Wire;
using static ConntrackConsole.Actions.GuardVerdict;

namespace ConntrackConsole.Actions;

/// <summary>The rules of a change of settings.</summary>
public static class SettingGuard
{
    /// <summary>When nodes set a change back where nobody said otherwise.</summary>
    public const long DefaultRevertMs = 30 * 60 * 1000;

    internal static readonly IReadOnlyList<Func<GuardContext, GuardVerdict?>> Rules =
    [
        world => SettingCatalog.Find(world.Request.Key) is null ? Refuse("This is no setting that can be changed from here: see the list on the page or GET /api/v1/settings.") : null,
        world => Kind(world).Refuse(world.Request.Value) is { } wrong ? Refuse(wrong) : null,
        world => Kind(world).Key == SettingCatalog.DropInvalid && world.Request.Value == SettingCatalog.Off
            ? Refuse("The filter is taken away by reverting the change that put it there.") : null,
        Time,
        world => world.Nodes.Count > 0 ? null : Refuse("No node is named: a setting is changed on the nodes that you choose, never on all without a word."),
        world => world.Nodes.Where(n => !n.Connected).ToList() is { Count: > 0 } deaf
            ? Refuse($"{ActionGuard.Names(deaf.Select(n => n.Name))} cannot be asked: no collector is connected there. Leave it out, or start its collector.")
            : null,
        world => world.Nodes.FirstOrDefault(n => n.CannotAct is not null) is { } cannot ? Refuse(cannot.CannotAct!) : null,
        world => Kind(world).Carrier != SettingCarrier.Ipvs || world.Nodes.FirstOrDefault(n => n.Mode != ProxyMode.Ipvs) is not { } other ? null : Refuse(
            $"kube-proxy on {other.Name} does not run in ipvs mode, so IPVS timeouts have no effect there."),
        world => Kind(world).Carrier != SettingCarrier.Filter || world.Nodes.FirstOrDefault(n => n.DropsInvalid == true) is not { } has ? null : Refuse(
            $"kube-proxy's own rule already drops INVALID packets on {has.Name}: a second one changes nothing."),
        world => world.Readings is { } readings && world.Silent.Count > 0
            ? Refuse($"{ActionGuard.Names(world.Silent)} did not answer: nothing is changed where the present value is not known.") : null,
        world => world.Readings?.FirstOrDefault(r => r.Refusal is not null) is { } refusing ? Refuse($"{refusing.Node}: {refusing.Refusal}") : null,
        world => world.Readings?.FirstOrDefault(r => r.Value is null) is { } unread ? Refuse($"{unread.Node} cannot read {world.Request.Target}: nothing is changed blindly.") : null,
        world => world.Readings?.FirstOrDefault(r => r.Open is not null) is { Open: { } open } busy
            ? Refuse($"{busy.Node} already has an open change of this setting ({open.Before} → {open.Written}): revert that one first.") : null,
        world => world.Readings is { Count: > 0 } all && all.All(r => r.Value == world.Request.Value)
            ? Refuse($"It is {world.Request.Value} on {(all.Count == 1 ? all[0].Node : "every one of these nodes")} already.") : null,
        world => Kind(world).Carrier == SettingCarrier.Filter ? Confirm(Kind(world).Trap) : null,
        world => Kind(world).Key == SettingCatalog.BeLiberal && world.Request.Value == "0"
            ? Confirm("Where kube-proxy started while it was 1 it has installed no rule against INVALID segments: with 0 nothing protects until it is restarted.") : null,
        world => world.Nodes.Count > 1 ? Confirm($"It is changed on {world.Nodes.Count} nodes: first on {world.Nodes[0].Name}, then on the others, and no further after the first that fails.") : null,
    ];

    internal static string Harmless(GuardContext world) =>
        $"{world.Nodes[0].Name} sets it back by itself after {Words(world.Request.RevertAfterMs ?? DefaultRevertAfterMs(Kind(world)))}.";

    public static long DefaultRevertAfterMs(SettingKind kind)
    {
        ArgumentNullException.ThrowIfNull(kind);
        return Math.Min(DefaultRevertMs, kind.LongestMs);
    }

    private static SettingKind Kind(GuardContext world) => SettingCatalog.Find(world.Request.Key)!;

    private static GuardVerdict? Time(GuardContext world)
    {
        long after = world.Request.RevertAfterMs ?? DefaultRevertAfterMs(Kind(world));
        return after >= 10_000 && after <= Kind(world).LongestMs
            ? null
            : Refuse($"The time after which it is set back must be from 10 s to {Words(Kind(world).LongestMs)}.");
    }

    private static string Words(long ms) => ms % 3_600_000 == 0 ? $"{ms / 3_600_000} h" : ms % 60_000 == 0 ? $"{ms / 60_000} min" : $"{ms / 1000} s";
}
