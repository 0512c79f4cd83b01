using ConntrackConsole.Actions;
using ConntrackConsole.Cluster;
using ConntrackConsole.Identity;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Tests.Actions;

/// <summary>Worlds in which everything speaks for the act, and small changes of them.</summary>
internal static class ActionWorlds
{
    public const string PodIp = "10.1.0.5";

    public static readonly Caller Ada = new("ada", Role.Operator, "s1", "127.0.0.1");

    public static readonly ActionWorld CleanFlush = new(new ActionAsk(ActionKind.Flush) { PodIp = PodIp, Preset = FlushPreset.DeadBackend }, Ada, "pod is gone")
    {
        ValidIp = true, HasCluster = true, ClusterAge = TimeSpan.FromSeconds(1), Owner = new Ownership(OwnerState.Gone, null, "shop/checkout-a", 1_000),
        Nodes = [Node("node1"), Node("node2")], Previews = [Preview("node1", 2), Preview("node2", 0)],
    };

    public static readonly ActionWorld CleanSetting = new(new ActionAsk(ActionKind.Setting) { Key = SettingCatalog.BeLiberal, Value = "1" }, Ada, "clients reset")
    {
        HasCluster = true, Nodes = [Node("node1")], Readings = [Reading("node1")],
    };

    public static NodeStand Node(string name) => new(name, true, true);

    public static FlushPreview Preview(string node, int entries, FlushEffect effect = FlushEffect.FailsFast) => new("p", node, "d", [.. Enumerable.Repeat(new FlowEntry(
        "tcp", "ESTABLISHED", "10.1.1.1", 40000, "10.96.0.10", 80, PodIp, 8080, "10.1.1.1", 40000, 0, 1, 300, 0, effect), entries)], 0, null, true);

    public static SettingReading Reading(string node) => new("a", node, SettingCatalog.BeLiberal, "0", null, null, null);

    public static ActionWorld By(Role role) => CleanFlush with { Caller = Ada with { Role = role } };

    public static ActionWorld Owned(OwnerState state) => CleanFlush with { Owner = new Ownership(state, null, "shop/checkout-a") };

    public static ActionWorld Hosted(OwnerState state) => CleanFlush with { Owner = new Ownership(state, Cluster.Objects.Pod("a", PodIp) with { HostNetwork = true }, "shop/checkout-a") };

    public static ActionWorld Scoped(FlushScope scope) => CleanFlush with { Ask = CleanFlush.Ask with { Scope = scope } };

    public static ActionWorld Taking(FlushPreset preset) => CleanFlush with { Ask = CleanFlush.Ask with { Preset = preset } };

    public static ActionWorld Synced(bool synced) => CleanFlush with { Nodes = [Node("node1") with { RulesSynced = synced }, Node("node2")] };

    public static ActionWorld Ruled(PolicyRule rule) => CleanFlush with { Policy = [rule] };

    public static ActionWorld Broken(ActionWorld world) => world with { Caller = Ada with { Role = Role.BreakGlass }, Ask = world.Ask with { BreakGlass = true } };

    public static ActionWorld Set(string key, string? value) => CleanSetting with { Ask = CleanSetting.Ask with { Key = key, Value = value } };

    /// <summary>So many actions of somebody in the last ten minutes, on node1.</summary>
    public static ActionWorld Ran(int count, string who) => CleanFlush with
    {
        Recent =
        [
            .. Enumerable.Range(0, count).Select(i => new ActionRecord(
                new ActionPlan($"r{i}", CleanFlush.Ask, who, 0, new GuardVerdict(GuardDecision.Allow, ""), "d", 0) { Previews = [Preview("node1", 1)] }, ActionState.Completed, 0)),
        ],
    };
}
