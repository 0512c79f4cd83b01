using ConntrackConsole.Actions.Guards;
using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Identity;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Tests.Actions;

/// <summary>Contexts that allow the action, and small changes of them.</summary>
internal static class GuardContexts
{
    public const string PodIp = "10.1.0.5";

    public static readonly Principal Ada = new("ada", Role.Operator, "s1", "127.0.0.1");

    public static readonly GuardContext CleanFlush = new(new ActionRequest(ActionKind.Flush) { PodIp = PodIp, Preset = FlushPreset.DeadBackend }, Ada, "pod is gone")
    {
        ValidIp = true, HasCluster = true, ClusterAge = TimeSpan.FromSeconds(1), Owner = new AddressOwnership(OwnerState.Gone, null, "shop/checkout-a", 1_000),
        Nodes = [Node("node1"), Node("node2")], Previews = [Preview("node1", 2), Preview("node2", 0)],
    };

    public static readonly GuardContext CleanSetting = new(new ActionRequest(ActionKind.Setting) { Key = SettingCatalog.BeLiberal, Value = "1" }, Ada, "clients reset")
    {
        HasCluster = true, Nodes = [Node("node1")], Readings = [Reading("node1")],
    };

    public static NodeStatus Node(string name) => new(name, true, true);

    public static FlushPreview Preview(string node, int entries, FlushEffect effect = FlushEffect.FailsFast) => new("p", node, "d", [.. Enumerable.Repeat(new FlowEntry(
        "tcp", "ESTABLISHED", "10.1.1.1", 40000, "10.96.0.10", 80, PodIp, 8080, "10.1.1.1", 40000, 0, 1, 300, 0, effect), entries)], 0, null, true);

    public static SettingReading Reading(string node) => new("a", node, SettingCatalog.BeLiberal, "0", null, null, null);

    public static GuardContext By(Role role) => CleanFlush with { Principal = Ada with { Role = role } };

    public static GuardContext Owned(OwnerState state) => CleanFlush with { Owner = new AddressOwnership(state, null, "shop/checkout-a") };

    public static readonly ServiceScope LeftScope = new("shop/checkout", new FlushScope("tcp", "10.96.0.10", 80));

    /// <summary>Another workload's pod owns the address; the flush is limited to the Service of the former owner.</summary>
    public static GuardContext Reassigned(OwnerState state) => Owned(state) with { NotBackendOf = "shop/checkout", Request = CleanFlush.Request with { Scope = LeftScope.Scope } };

    public static GuardContext Hosted(OwnerState state) => CleanFlush with { Owner = new AddressOwnership(state, Cluster.Objects.Pod("a", PodIp) with { HostNetwork = true }, "shop/checkout-a") };

    public static GuardContext Scoped(FlushScope scope) => CleanFlush with { Request = CleanFlush.Request with { Scope = scope } };

    /// <summary>A flush at the address of a Service with the ports udp 53 and tcp 53.</summary>
    public static GuardContext AtService(FlushScope? scope) => Owned(OwnerState.Service) with
    {
        Request = CleanFlush.Request with { PodIp = "10.96.0.10", Scope = scope },
        ServiceScopes = [new FlushScope("tcp", "10.96.0.10", 53), new FlushScope("udp", "10.96.0.10", 53)],
    };

    public static GuardContext Taking(FlushPreset preset) => CleanFlush with { Request = CleanFlush.Request with { Preset = preset } };

    public static GuardContext Synced(bool synced) => CleanFlush with { Nodes = [Node("node1") with { RulesSynced = synced }, Node("node2")] };

    public static GuardContext Ruled(PolicyRule rule) => CleanFlush with { Policy = [rule] };

    public static GuardContext Broken(GuardContext context) => context with { Principal = Ada with { Role = Role.BreakGlass }, Request = context.Request with { BreakGlass = true } };

    public static GuardContext Set(string key, string? value) => CleanSetting with { Request = CleanSetting.Request with { Key = key, Value = value } };

    /// <summary>A number of actions of one user on node1 in the last ten minutes.</summary>
    public static GuardContext Ran(int count, string who) => CleanFlush with
    {
        Recent = [.. Enumerable.Range(0, count).Select(i => new RecentAction($"r{i}", who, ["node1"]))],
    };
}
