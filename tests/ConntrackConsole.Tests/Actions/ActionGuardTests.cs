using ConntrackConsole.Actions.Guards;
using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Identity;
using ConntrackConsole.Wire;
using Xunit;
using static ConntrackConsole.Tests.Actions.GuardContexts;

namespace ConntrackConsole.Tests.Actions;

/// <summary>A table of every rule: a context that allows the action, with one change.</summary>
public class ActionGuardTests
{
    private static readonly FlushPreview Strict = Preview("node1", 1, FlushEffect.Hangs) with { TcpLoose = false };

    private static PolicyRule Refusing(string ns) => new("flush", null, ns, null, GuardDecision.Refuse);

    public static TheoryData<string, object, GuardDecision, string> Flush => new()
    {
        { "gone", CleanFlush, GuardDecision.Allow, "action.allowed" },
        { "gone, nodes not asked yet", CleanFlush with { Previews = null }, GuardDecision.Allow, "action.allowed" },
        { "viewer", By(Role.Viewer), GuardDecision.Refuse, "action.role" },
        { "approver", By(Role.Approver), GuardDecision.Allow, "action.allowed" },
        { "read only", CleanFlush with { ReadOnly = true }, GuardDecision.Refuse, "action.read_only" },
        { "break-glass by an operator", CleanFlush with { Request = CleanFlush.Request with { BreakGlass = true } }, GuardDecision.Refuse, "action.role_not_break_glass" },
        { "break-glass by an admin", By(Role.Admin) with { Request = CleanFlush.Request with { BreakGlass = true } }, GuardDecision.Refuse, "action.role_not_break_glass" },
        { "no reason", CleanFlush with { Reason = " " }, GuardDecision.Refuse, "action.missing_reason" },
        { "a name that is no node's", CleanFlush with { Nodes = [.. CleanFlush.Nodes, new NodeStatus("node1.", false, false)] }, GuardDecision.Refuse, "action.unknown_node" },
        { "a node named twice", CleanFlush with { Nodes = [.. CleanFlush.Nodes, Node("node1")] }, GuardDecision.Refuse, "action.duplicate_node" },
        { "tenth of the user", Ran(10, "ada"), GuardDecision.Refuse, "action.user_rate_limited" },
        { "ninth of the user", Ran(9, "ada"), GuardDecision.Allow, "action.allowed" },
        { "of others", Ran(29, "bob") with { Rates = new RateLimits(PerNode: 100) }, GuardDecision.Allow, "action.allowed" },
        { "thirtieth of the cluster", Ran(30, "bob") with { Rates = new RateLimits(PerNode: 100) }, GuardDecision.Refuse, "action.cluster_rate_limited" },
        { "twentieth of the node", Ran(20, "bob"), GuardDecision.Refuse, "action.node_rate_limited" },
        { "itself among the recent", Ran(10, "ada") with { Id = "r3" }, GuardDecision.Allow, "action.allowed" },
        { "not plain", CleanFlush with { ValidIp = false }, GuardDecision.Refuse, "flush.invalid_address" },
        { "scope of icmp", Scoped(new FlushScope("icmp", null, null)), GuardDecision.Refuse, "flush.invalid_protocol" },
        { "scope of a range", Scoped(new FlushScope(null, "10.96.0.0/16", null)), GuardDecision.Refuse, "flush.invalid_service_address" },
        { "scope of a port alone", Scoped(new FlushScope(null, null, 80)), GuardDecision.Refuse, "flush.port_without_address" },
        { "scope of no port", Scoped(new FlushScope(null, "10.96.0.10", 70_000)), GuardDecision.Refuse, "flush.invalid_port" },
        { "scope of a Service", Scoped(new FlushScope("tcp", "10.96.0.10", 80)), GuardDecision.Allow, "action.allowed" },
        { "no cluster", CleanFlush with { HasCluster = false }, GuardDecision.Refuse, "flush.no_cluster" },
        { "a kind is forbidden", CleanFlush with { MissingKind = "Pods may not be listed." }, GuardDecision.Refuse, "flush.kind_missing" },
        { "never listed", CleanFlush with { ClusterAge = TimeSpan.MaxValue }, GuardDecision.Refuse, "flush.cluster_stale" },
        { "ten seconds old", CleanFlush with { ClusterAge = TimeSpan.FromSeconds(10) }, GuardDecision.Allow, "action.allowed" },
        { "older", CleanFlush with { ClusterAge = TimeSpan.FromSeconds(10.1) }, GuardDecision.Refuse, "flush.cluster_stale" },
        { "live", Owned(OwnerState.Live), GuardDecision.Refuse, "flush.owner_live" },
        { "live, no backend of the scope's Service", Reassigned(OwnerState.Live), GuardDecision.NeedsConfirmation, "flush.owner_not_backend" },
        { "live, host network, no backend of the scope's Service", Hosted(OwnerState.Live) with { NotBackendOf = "shop/checkout" }, GuardDecision.Refuse, "flush.host_network" },
        { "live, no backend, still ready in that Service", Reassigned(OwnerState.Live) with { Endpoints = [new EndpointStatus("shop/checkout", true, true)] }, GuardDecision.Refuse, "flush.endpoint_ready" },
        { "live, without the scope", Owned(OwnerState.Live) with { LeftScopes = [LeftScope] }, GuardDecision.Refuse, "flush.owner_live" },
        { "host network", Hosted(OwnerState.Live), GuardDecision.Refuse, "flush.host_network" },
        { "host network, terminating", Hosted(OwnerState.Terminating), GuardDecision.Refuse, "flush.host_network" },
        { "terminating", Owned(OwnerState.Terminating), GuardDecision.NeedsConfirmation, "flush.owner_terminating" },
        { "lost", Owned(OwnerState.Lost), GuardDecision.NeedsConfirmation, "flush.owner_lost" },
        { "node", Owned(OwnerState.Node), GuardDecision.Refuse, "flush.node_address" },
        { "Service", Owned(OwnerState.Service), GuardDecision.Refuse, "flush.owner_service" },
        { "Service, another port", AtService(new FlushScope("udp", "10.96.0.10", 54)), GuardDecision.Refuse, "flush.owner_service" },
        { "Service, no protocol", AtService(new FlushScope(null, "10.96.0.10", 53)), GuardDecision.Refuse, "flush.owner_service" },
        { "Service, exactly its port", AtService(new FlushScope("udp", "10.96.0.10", 53)), GuardDecision.Allow, "action.allowed" },
        { "unknown", Owned(OwnerState.Unknown), GuardDecision.Refuse, "flush.owner_unknown" },
        { "still ready in a slice", CleanFlush with { Endpoints = [new EndpointStatus("shop/checkout", true, true)] }, GuardDecision.Refuse, "flush.endpoint_ready" },
        { "still serving in a slice", CleanFlush with { Endpoints = [new EndpointStatus("shop/checkout", false, true)] }, GuardDecision.NeedsApproval, "flush.endpoint_serving" },
        { "in a slice, neither", CleanFlush with { Endpoints = [new EndpointStatus("shop/checkout", false, false)] }, GuardDecision.Allow, "action.allowed" },
        { "all, gone", Taking(FlushPreset.All), GuardDecision.NeedsApproval, "flush.preset_all" },
        { "all, terminating", Owned(OwnerState.Terminating) with { Request = CleanFlush.Request with { Preset = FlushPreset.All } }, GuardDecision.Refuse, "flush.preset_needs_break_glass" },
        { "safe, terminating", Owned(OwnerState.Terminating) with { Request = CleanFlush.Request with { Preset = FlushPreset.Safe } }, GuardDecision.NeedsConfirmation, "flush.owner_terminating" },
        { "no collector", CleanFlush with { Nodes = [Node("node1") with { Connected = false }], Previews = null, Silent = ["node1"] }, GuardDecision.Refuse, "flush.no_collector" },
        { "observe-only everywhere", CleanFlush with { Nodes = [new NodeStatus("node1", true, true, new Reason(NodeReasons.ObserveOnly, "Node node1 is observe-only."))], Previews = null }, GuardDecision.Refuse, "node.observe_only" },
        { "rules not synced where entries are", Synced(false), GuardDecision.Refuse, "flush.rules_not_synced" },
        { "rules not synced where none is", CleanFlush with { Nodes = [Node("node1") with { RulesSynced = true }, Node("node2") with { RulesSynced = false }] }, GuardDecision.Allow, "action.allowed" },
        { "rules not known", CleanFlush with { Nodes = [Node("node1") with { SyncUnknown = "kube-proxy does not answer." }, Node("node2")] }, GuardDecision.NeedsConfirmation, "flush.rules_unknown" },
        { "rules synced", Synced(true), GuardDecision.Allow, "action.allowed" },
        { "no node answers", CleanFlush with { Previews = [], Silent = ["node1", "node2"] }, GuardDecision.Refuse, "flush.no_node_answered" },
        { "one silent", CleanFlush with { Silent = ["node3"] }, GuardDecision.NeedsConfirmation, "flush.node_silent" },
        { "all refuse", CleanFlush with { Previews = [Preview("node1", 0) with { Refusal = "Own address." }] }, GuardDecision.Refuse, "flush.all_nodes_refuse" },
        { "one refuses", CleanFlush with { Previews = [Preview("node1", 1), Preview("node2", 0) with { Refusal = "Busy." }] }, GuardDecision.NeedsConfirmation, "flush.node_refuses" },
        { "nothing there", CleanFlush with { Previews = [Preview("node1", 0)] }, GuardDecision.Refuse, "flush.no_entries" },
        { "nothing in the preset", CleanFlush with { Previews = [Preview("node1", 0) with { LeftOut = 7 }] }, GuardDecision.Refuse, "flush.no_entries_in_scope" },
        { "nothing there but one silent", CleanFlush with { Previews = [Preview("node1", 0)], Silent = ["node2"] }, GuardDecision.NeedsConfirmation, "flush.node_silent" },
        { "5,000 entries", CleanFlush with { Previews = [Preview("node1", 5_000)] }, GuardDecision.Allow, "action.allowed" },
        { "5,001 entries", CleanFlush with { Previews = [Preview("node1", 5_001)] }, GuardDecision.NeedsApproval, "flush.approval_required" },
        { "20,001 entries", CleanFlush with { Previews = [Preview("node1", 20_001)] }, GuardDecision.Refuse, "flush.too_many_entries" },
        { "tcp_loose=0", CleanFlush with { Previews = [Strict] }, GuardDecision.NeedsApproval, "flush.tcp_loose_off" },
        { "tcp_loose=0 where nothing is", CleanFlush with { Previews = [Preview("node1", 1), Preview("node2", 0) with { TcpLoose = false }] }, GuardDecision.Allow, "action.allowed" },
        { "no endpoints", CleanFlush with { WithoutEndpoints = ["shop/checkout"] }, GuardDecision.NeedsApproval, "flush.no_endpoint" },
        { "may break", CleanFlush with { Previews = [Preview("node1", 3, FlushEffect.MayBreak)] }, GuardDecision.NeedsConfirmation, "flush.may_break" },
        { "IPVS drops them", CleanFlush with { Previews = [Preview("node1", 2) with { Ipvs = new(2, 0, 2, 897, false, true, false) }] }, GuardDecision.NeedsConfirmation, "flush.ipvs_keeps" },
        { "IPVS may drop them", CleanFlush with { Previews = [Preview("node1", 2) with { Ipvs = new(2, 0, 2, 897, null, true, false) }] }, GuardDecision.NeedsConfirmation, "flush.ipvs_keeps" },
        { "IPVS forwards them", CleanFlush with { Previews = [Preview("node1", 2) with { Ipvs = new(0, 1, 2, 0, true, true, false) }] }, GuardDecision.NeedsConfirmation, "flush.ipvs_keeps" },
        { "IPVS is not known", CleanFlush with { Previews = [Preview("node1", 2) with { Ipvs = new(0, 0, 0, 0, true, true, true) }] }, GuardDecision.NeedsConfirmation, "flush.ipvs_keeps" },
        { "IPVS ends them", CleanFlush with { Previews = [Preview("node1", 2) with { Ipvs = new(2, 0, 2, 897, true, true, false) }] }, GuardDecision.Allow, "action.allowed" },
        { "only IPVS has connections", CleanFlush with { Previews = [Preview("node1", 0) with { Ipvs = new(2, 0, 2, 897, false, false, false) }] }, GuardDecision.Refuse, "flush.ipvs_only" },
        { "two doubts", Owned(OwnerState.Terminating) with { Silent = ["node3"] }, GuardDecision.NeedsConfirmation, "flush.owner_terminating" },
        { "doubt and refusal", Owned(OwnerState.Live) with { Silent = ["node3"] }, GuardDecision.Refuse, "flush.owner_live" },
        { "a rule asks for typing", Ruled(new PolicyRule("flush", null, "shop", null, GuardDecision.NeedsConfirmation)), GuardDecision.NeedsConfirmation, "policy.confirmation_required" },
        { "a rule asks for a second person", Ruled(new PolicyRule(null, FlushPreset.DeadBackend, null, null, GuardDecision.NeedsApproval)), GuardDecision.NeedsApproval, "policy.approval_required" },
        { "a rule forbids", Ruled(new PolicyRule(null, null, null, 1, GuardDecision.Refuse)), GuardDecision.Refuse, "policy.forbidden" },
        { "a rule of more entries", Ruled(new PolicyRule(null, null, null, 2, GuardDecision.Refuse)), GuardDecision.Allow, "action.allowed" },
        { "a rule of another namespace", Ruled(new PolicyRule(null, null, "sho", null, GuardDecision.Refuse)), GuardDecision.Allow, "action.allowed" },
        { "a rule of another action", Ruled(new PolicyRule("nf_conntrack_tcp_loose", null, null, null, GuardDecision.Refuse)), GuardDecision.Allow, "action.allowed" },
        { "a rule of the scoped Service's namespace", Ruled(Refusing("payments")) with { Owner = new AddressOwnership(OwnerState.Live, null, "dev/other"), NotBackendOf = "payments/checkout" }, GuardDecision.Refuse, "policy.forbidden" },
        { "a rule of the live owner's namespace", Ruled(Refusing("dev")) with { Owner = new AddressOwnership(OwnerState.Live, null, "dev/other"), NotBackendOf = "payments/checkout" }, GuardDecision.Refuse, "policy.forbidden" },
        { "a rule of the scoped Service's namespace, owner gone", Ruled(Refusing("payments")) with { ScopeServices = ["dev/web", "payments/checkout"] }, GuardDecision.Refuse, "policy.forbidden" },
        { "a rule cannot loosen", Ruled(new PolicyRule(null, null, null, null, GuardDecision.Allow)) with { WithoutEndpoints = ["shop/checkout"] }, GuardDecision.NeedsApproval, "flush.no_endpoint" },
        { "break-glass where nothing is broken", Broken(CleanFlush), GuardDecision.Allow, "action.allowed" },
        { "break-glass for approval", Broken(CleanFlush with { WithoutEndpoints = ["shop/checkout"] }), GuardDecision.NeedsConfirmation, "flush.no_endpoint" },
        { "break-glass, all, terminating", Broken(Owned(OwnerState.Terminating) with { Request = CleanFlush.Request with { Preset = FlushPreset.All } }), GuardDecision.NeedsConfirmation, "flush.preset_all" },
        { "break-glass opens no live pod", Broken(Owned(OwnerState.Live)), GuardDecision.Refuse, "flush.owner_live" },
        { "break-glass does not override the policy", Broken(Ruled(new PolicyRule(null, null, null, null, GuardDecision.Refuse))), GuardDecision.Refuse, "policy.forbidden" },
    };

    public static TheoryData<string, object, GuardDecision, string> Setting => new()
    {
        { "one node", CleanSetting, GuardDecision.Allow, "action.allowed" },
        { "node not asked yet", CleanSetting with { Readings = null }, GuardDecision.Allow, "action.allowed" },
        { "viewer", CleanSetting with { Principal = Ada with { Role = Role.Viewer } }, GuardDecision.Refuse, "action.role" },
        { "read only", CleanSetting with { ReadOnly = true }, GuardDecision.Refuse, "action.read_only" },
        { "no reason", CleanSetting with { Reason = "" }, GuardDecision.Refuse, "action.missing_reason" },
        { "not on the list", Set("net.ipv4.ip_forward", "1"), GuardDecision.Refuse, "setting.unknown_key" },
        { "path tricks", Set("net.netfilter.../../kernel/panic", "1"), GuardDecision.Refuse, "setting.unknown_key" },
        { "not a value", Set("nf_conntrack_tcp_be_liberal", "2"), GuardDecision.Refuse, "setting.invalid_value" },
        { "no value", Set("nf_conntrack_tcp_be_liberal", null), GuardDecision.Refuse, "setting.invalid_value" },
        { "not a plain number", Set("nf_conntrack_tcp_timeout_close_wait", "060"), GuardDecision.Refuse, "setting.invalid_value" },
        { "tcp_loose to 0", Set("nf_conntrack_tcp_loose", "0"), GuardDecision.Refuse, "setting.invalid_value" },
        { "events to 0", Set("nf_conntrack_events", "0"), GuardDecision.Refuse, "setting.invalid_value" },
        { "log_invalid for an hour", Set("nf_conntrack_log_invalid", "6") with { Request = CleanSetting.Request with { Key = "nf_conntrack_log_invalid", Value = "6", RevertAfterMs = 3_600_000 } }, GuardDecision.Refuse, "setting.invalid_revert_time" },
        { "log_invalid as usual", Set("nf_conntrack_log_invalid", "6"), GuardDecision.Allow, "action.allowed" },
        { "reverted at once", CleanSetting with { Request = CleanSetting.Request with { RevertAfterMs = 9_999 } }, GuardDecision.Refuse, "setting.invalid_revert_time" },
        { "never reverted", CleanSetting with { Request = CleanSetting.Request with { RevertAfterMs = long.MaxValue } }, GuardDecision.Refuse, "setting.invalid_revert_time" },
        { "filter to off", Set(SettingCatalog.DropInvalid, "off"), GuardDecision.Refuse, "setting.filter_off" },
        { "filter", Set(SettingCatalog.DropInvalid, "forward"), GuardDecision.NeedsConfirmation, "setting.filter_drops" },
        { "filter beside kube-proxy's", Set(SettingCatalog.DropInvalid, "forward") with { Nodes = [Node("node1") with { DropsInvalid = true }] }, GuardDecision.Refuse, "setting.filter_redundant" },
        { "IPVS timeout without IPVS", Set("ipvs.timeout_tcp", "60") with { Nodes = [Node("node1") with { Mode = ProxyMode.Nftables }] }, GuardDecision.Refuse, "setting.not_ipvs" },
        { "IPVS timeout", Set("ipvs.timeout_tcp", "60") with { Nodes = [Node("node1") with { Mode = ProxyMode.Ipvs }] }, GuardDecision.Allow, "action.allowed" },
        { "no node", CleanSetting with { Nodes = [] }, GuardDecision.Refuse, "setting.no_node" },
        { "unknown node", CleanSetting with { Nodes = [new NodeStatus("NODE1", false, false)] }, GuardDecision.Refuse, "action.unknown_node" },
        { "no collector there", CleanSetting with { Nodes = [Node("node1") with { Connected = false }] }, GuardDecision.Refuse, "setting.node_not_connected" },
        { "older collector", CleanSetting with { Nodes = [new NodeStatus("node1", true, true, new Reason(NodeReasons.CollectorOutdated, "The collector of node1 is older than this command."))] }, GuardDecision.Refuse, "node.collector_outdated" },
        { "no answer", CleanSetting with { Readings = [], Silent = ["node1"] }, GuardDecision.Refuse, "setting.node_silent" },
        { "the node refuses", CleanSetting with { Readings = [Reading("node1") with { Refusal = "Memory." }] }, GuardDecision.Refuse, "setting.node_refuses" },
        { "not readable", CleanSetting with { Readings = [Reading("node1") with { Value = null }] }, GuardDecision.Refuse, "setting.unreadable" },
        { "an open change", CleanSetting with { Readings = [Reading("node1") with { Open = new OpenChange("x", SettingCatalog.BeLiberal, "0", "1", 0, 1) }] }, GuardDecision.Refuse, "setting.open_change" },
        { "it is so already", CleanSetting with { Readings = [Reading("node1") with { Value = "1" }] }, GuardDecision.Refuse, "setting.unchanged" },
        { "be_liberal back to 0", Set("nf_conntrack_tcp_be_liberal", "0") with { Readings = [Reading("node1") with { Value = "1" }] }, GuardDecision.NeedsConfirmation, "setting.be_liberal_off" },
        { "two nodes", CleanSetting with { Nodes = [Node("node1"), Node("node2")], Readings = [Reading("node1"), Reading("node2")] }, GuardDecision.NeedsConfirmation, "setting.many_nodes" },
        { "a rule of two nodes", CleanSetting with { Nodes = [Node("node1"), Node("node2")], Policy = [new PolicyRule("nf_conntrack_tcp_be_liberal", null, null, 1, GuardDecision.NeedsApproval)] }, GuardDecision.NeedsApproval, "policy.approval_required" },
    };

    [Theory]
    [MemberData(nameof(Flush))]
    [MemberData(nameof(Setting))]
    public void Check_OneThingChanged_DecidesWithItsOwnCode(string changed, object data, GuardDecision expected, string code)
    {
        // The context is internal, and the parameters of a public test are not.
        var context = (GuardContext)data;
        var verdict = ActionGuard.Check(context);
        Assert.True(expected == verdict.Decision, $"{changed}: {verdict}");
        Assert.Equal(code, verdict.Code);
        Assert.NotEmpty(verdict.Message);
        string typed = context.Request.Kind == ActionKind.Flush ? PodIp : $"{context.Nodes.Count}";
        Assert.Equal(expected == GuardDecision.NeedsConfirmation ? typed : null, verdict.TypeToConfirm);
    }

    [Fact]
    public void Check_LiveOwnerThatIsNoBackend_OffersTheScope()
    {
        var verdict = ActionGuard.Check(Owned(OwnerState.Live) with { LeftScopes = [LeftScope] });
        Assert.Equal([LeftScope.Scope], verdict.Scopes);
        Assert.Contains("shop/checkout (scope tcp 10.96.0.10:80)", verdict.Message);
        Assert.DoesNotContain("delete it first", verdict.Message);
    }

    [Fact]
    public void Check_TwoRequirements_HasBothReasons()
    {
        var verdict = ActionGuard.Check(Owned(OwnerState.Terminating) with { Silent = ["node3"] });
        Assert.Equal([FlushGuardReasons.OwnerTerminating, FlushGuardReasons.NodeSilent], verdict.Reasons.Select(r => r.Code));
        Assert.All(verdict.Reasons, r => Assert.Contains(r.Message, verdict.Message));
    }

    [Fact]
    public void Check_BreakGlassForAnApproval_NamesWhatItReplaces()
    {
        var verdict = ActionGuard.Check(Broken(CleanFlush with { WithoutEndpoints = ["shop/checkout"] }));
        Assert.Equal((GuardDecision.NeedsConfirmation, FlushGuardReasons.NoEndpoint), (verdict.Decision, verdict.Code));
        Assert.Equal("Break-glass: executes without a second person. " + Assert.Single(verdict.Reasons).Message, verdict.Message);
    }

    [Fact]
    public void Catalog_EverySetting_HasValuesOrARange_AndCanBeReverted() => Assert.All(SettingCatalog.All, kind =>
    {
        Assert.True(kind.Values.Count > 0 || kind.Max > kind.Min, kind.Key);
        Assert.True(kind.MaxRevertMs >= 10_000, kind.Key);
        Assert.NotEmpty(kind.Meaning);
        Assert.NotEmpty(kind.HowToPersist);
        Assert.Null(kind.Refuse(kind.Values.Count > 0 ? kind.Values[^1] : $"{kind.Max}"));
        Assert.NotNull(kind.Refuse($"{kind.Max + 1}x"));
        Assert.NotNull(kind.Refuse("-1"));
        Assert.NotNull(kind.Refuse(""));
        Assert.NotNull(kind.Refuse(null));
    });
}
