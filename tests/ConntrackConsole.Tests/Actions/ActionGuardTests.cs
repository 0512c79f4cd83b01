using ConntrackConsole.Actions;
using ConntrackConsole.Identity;
using ConntrackConsole.Wire;
using Xunit;
using static ConntrackConsole.Tests.Actions.GuardContexts;

namespace ConntrackConsole.Tests.Actions;

/// <summary>A table of each rule: a world in which everything speaks for the act, and one thing changed.</summary>
public class ActionGuardTests
{
    private static readonly FlushPreview Strict = Preview("node1", 1, FlushEffect.Hangs) with { TcpLoose = false };

    public static TheoryData<string, GuardContext, GuardDecision, string> Flush => new()
    {
        { "gone", CleanFlush, GuardDecision.Allow, "shop/checkout-a" },
        { "gone, nodes not asked yet", CleanFlush with { Previews = null }, GuardDecision.Allow, "No live pod" },
        { "viewer", By(Role.Viewer), GuardDecision.Refuse, "may look only" },
        { "approver", By(Role.Approver), GuardDecision.Allow, "" },
        { "read only", CleanFlush with { ReadOnly = true }, GuardDecision.Refuse, "read only" },
        { "break-glass by an operator", CleanFlush with { Request = CleanFlush.Request with { BreakGlass = true } }, GuardDecision.Refuse, "not break-glass" },
        { "break-glass by an admin", By(Role.Admin) with { Request = CleanFlush.Request with { BreakGlass = true } }, GuardDecision.Refuse, "not break-glass" },
        { "no reason", CleanFlush with { Reason = " " }, GuardDecision.Refuse, "reason is missing" },
        { "a name that is no node's", CleanFlush with { Nodes = [.. CleanFlush.Nodes, new NodeStatus("node1.", false, false)] }, GuardDecision.Refuse, "no node named 'node1.'" },
        { "a node named twice", CleanFlush with { Nodes = [.. CleanFlush.Nodes, Node("node1")] }, GuardDecision.Refuse, "named twice" },
        { "tenth of the user", Ran(10, "ada"), GuardDecision.Refuse, "most for one person" },
        { "ninth of the user", Ran(9, "ada"), GuardDecision.Allow, "" },
        { "of others", Ran(29, "bob") with { Rates = new RateLimits(PerNode: 100) }, GuardDecision.Allow, "" },
        { "thirtieth of the cluster", Ran(30, "bob") with { Rates = new RateLimits(PerNode: 100) }, GuardDecision.Refuse, "most for one cluster" },
        { "twentieth of the node", Ran(20, "bob"), GuardDecision.Refuse, "most for one node" },
        { "itself among the recent", Ran(10, "ada") with { Id = "r3" }, GuardDecision.Allow, "" },
        { "not plain", CleanFlush with { ValidIp = false }, GuardDecision.Refuse, "plain form" },
        { "scope of icmp", Scoped(new FlushScope("icmp", null, null)), GuardDecision.Refuse, "tcp, udp and sctp" },
        { "scope of a range", Scoped(new FlushScope(null, "10.96.0.0/16", null)), GuardDecision.Refuse, "plain form" },
        { "scope of a port alone", Scoped(new FlushScope(null, null, 80)), GuardDecision.Refuse, "needs its address" },
        { "scope of no port", Scoped(new FlushScope(null, "10.96.0.10", 70_000)), GuardDecision.Refuse, "from 1 to 65535" },
        { "scope of a Service", Scoped(new FlushScope("tcp", "10.96.0.10", 80)), GuardDecision.Allow, "" },
        { "no cluster", CleanFlush with { HasCluster = false }, GuardDecision.Refuse, "No cluster" },
        { "a kind is forbidden", CleanFlush with { MissingKind = "Pods may not be listed." }, GuardDecision.Refuse, "Pods may not" },
        { "never listed", CleanFlush with { ClusterAge = TimeSpan.MaxValue }, GuardDecision.Refuse, "not been listed" },
        { "ten seconds old", CleanFlush with { ClusterAge = TimeSpan.FromSeconds(10) }, GuardDecision.Allow, "" },
        { "older", CleanFlush with { ClusterAge = TimeSpan.FromSeconds(10.1) }, GuardDecision.Refuse, "wait until the API server" },
        { "live", Owned(OwnerState.Live), GuardDecision.Refuse, "is alive" },
        { "host network", Hosted(OwnerState.Live), GuardDecision.Refuse, "node's own network" },
        { "host network, terminating", Hosted(OwnerState.Terminating), GuardDecision.Refuse, "node's own network" },
        { "terminating", Owned(OwnerState.Terminating), GuardDecision.NeedsConfirmation, "still terminating" },
        { "lost", Owned(OwnerState.Lost), GuardDecision.NeedsConfirmation, "cannot be reached" },
        { "node", Owned(OwnerState.Node), GuardDecision.Refuse, "address of node" },
        { "Service", Owned(OwnerState.Service), GuardDecision.Refuse, "address of Service" },
        { "unknown", Owned(OwnerState.Unknown), GuardDecision.Refuse, "never saw a pod" },
        { "still ready in a slice", CleanFlush with { Endpoints = [new EndpointStatus("shop/checkout", true, true)] }, GuardDecision.Refuse, "still lists 10.1.0.5 as ready" },
        { "still serving in a slice", CleanFlush with { Endpoints = [new EndpointStatus("shop/checkout", false, true)] }, GuardDecision.NeedsApproval, "as serving" },
        { "in a slice, neither", CleanFlush with { Endpoints = [new EndpointStatus("shop/checkout", false, false)] }, GuardDecision.Allow, "" },
        { "all, gone", Taking(FlushPreset.All), GuardDecision.NeedsApproval, "whose backend answers too" },
        { "all, terminating", Owned(OwnerState.Terminating) with { Request = CleanFlush.Request with { Preset = FlushPreset.All } }, GuardDecision.Refuse, "needs break-glass" },
        { "safe, terminating", Owned(OwnerState.Terminating) with { Request = CleanFlush.Request with { Preset = FlushPreset.Safe } }, GuardDecision.NeedsConfirmation, "still terminating" },
        { "no collector", CleanFlush with { Nodes = [Node("node1") with { Connected = false }], Previews = null, Silent = ["node1"] }, GuardDecision.Refuse, "No collector" },
        { "observe-only everywhere", CleanFlush with { Nodes = [new NodeStatus("node1", true, true, "Node node1 is observe-only.")], Previews = null }, GuardDecision.Refuse, "observe-only" },
        { "rules not synced where entries are", Synced(false), GuardDecision.Refuse, "would be undone" },
        { "rules not synced where none is", CleanFlush with { Nodes = [Node("node1") with { RulesSynced = true }, Node("node2") with { RulesSynced = false }] }, GuardDecision.Allow, "" },
        { "rules not known", CleanFlush with { Nodes = [Node("node1") with { SyncUnknown = "kube-proxy does not answer." }, Node("node2")] }, GuardDecision.NeedsConfirmation, "kube-proxy does not answer" },
        { "rules synced", Synced(true), GuardDecision.Allow, "" },
        { "nobody answers", CleanFlush with { Previews = [], Silent = ["node1", "node2"] }, GuardDecision.Refuse, "node1, node2" },
        { "one silent", CleanFlush with { Silent = ["node3"] }, GuardDecision.NeedsConfirmation, "node3 cannot be asked" },
        { "all refuse", CleanFlush with { Previews = [Preview("node1", 0) with { Refusal = "Own address." }] }, GuardDecision.Refuse, "node1 says: Own address." },
        { "one refuses", CleanFlush with { Previews = [Preview("node1", 1), Preview("node2", 0) with { Refusal = "Busy." }] }, GuardDecision.NeedsConfirmation, "node2 refuses: Busy." },
        { "nothing there", CleanFlush with { Previews = [Preview("node1", 0)] }, GuardDecision.Refuse, "nothing to flush" },
        { "nothing in the preset", CleanFlush with { Previews = [Preview("node1", 0) with { LeftOut = 7 }] }, GuardDecision.Refuse, "7 others" },
        { "nothing there but one silent", CleanFlush with { Previews = [Preview("node1", 0)], Silent = ["node2"] }, GuardDecision.NeedsConfirmation, "node2" },
        { "5,000 entries", CleanFlush with { Previews = [Preview("node1", 5_000)] }, GuardDecision.Allow, "" },
        { "5,001 entries", CleanFlush with { Previews = [Preview("node1", 5_001)] }, GuardDecision.NeedsApproval, "more than 5000" },
        { "20,001 entries", CleanFlush with { Previews = [Preview("node1", 20_001)] }, GuardDecision.Refuse, "narrow it" },
        { "tcp_loose=0", CleanFlush with { Previews = [Strict] }, GuardDecision.NeedsApproval, "will hang" },
        { "tcp_loose=0 where nothing is", CleanFlush with { Previews = [Preview("node1", 1), Preview("node2", 0) with { TcpLoose = false }] }, GuardDecision.Allow, "" },
        { "no endpoints", CleanFlush with { WithoutEndpoints = ["shop/checkout"] }, GuardDecision.NeedsApproval, "shop/checkout has no endpoint" },
        { "may break", CleanFlush with { Previews = [Preview("node1", 3, FlushEffect.MayBreak)] }, GuardDecision.NeedsConfirmation, "3 of the entries may break" },
        { "two doubts", Owned(OwnerState.Terminating) with { Silent = ["node3"] }, GuardDecision.NeedsConfirmation, "still terminating" },
        { "doubt and refusal", Owned(OwnerState.Live) with { Silent = ["node3"] }, GuardDecision.Refuse, "is alive" },
        { "a rule asks for typing", Ruled(new PolicyRule("flush", null, "shop", null, GuardDecision.NeedsConfirmation)), GuardDecision.NeedsConfirmation, "Actions:Policy" },
        { "a rule asks for a second person", Ruled(new PolicyRule(null, FlushPreset.DeadBackend, null, null, GuardDecision.NeedsApproval)), GuardDecision.NeedsApproval, "Actions:Policy" },
        { "a rule forbids", Ruled(new PolicyRule(null, null, null, 1, GuardDecision.Refuse)), GuardDecision.Refuse, "Actions:Policy" },
        { "a rule of more entries", Ruled(new PolicyRule(null, null, null, 2, GuardDecision.Refuse)), GuardDecision.Allow, "" },
        { "a rule of another namespace", Ruled(new PolicyRule(null, null, "sho", null, GuardDecision.Refuse)), GuardDecision.Allow, "" },
        { "a rule of another action", Ruled(new PolicyRule("nf_conntrack_tcp_loose", null, null, null, GuardDecision.Refuse)), GuardDecision.Allow, "" },
        { "a rule cannot loosen", Ruled(new PolicyRule(null, null, null, null, GuardDecision.Allow)) with { WithoutEndpoints = ["shop/checkout"] }, GuardDecision.NeedsApproval, "no endpoint" },
        { "break-glass where nothing is broken", Broken(CleanFlush), GuardDecision.Allow, "" },
        { "break-glass for approval", Broken(CleanFlush with { WithoutEndpoints = ["shop/checkout"] }), GuardDecision.NeedsConfirmation, "without a second person" },
        { "break-glass, all, terminating", Broken(Owned(OwnerState.Terminating) with { Request = CleanFlush.Request with { Preset = FlushPreset.All } }), GuardDecision.NeedsConfirmation, "without a second person" },
        { "break-glass opens no live pod", Broken(Owned(OwnerState.Live)), GuardDecision.Refuse, "is alive" },
        { "break-glass opens no rule of the house", Broken(Ruled(new PolicyRule(null, null, null, null, GuardDecision.Refuse))), GuardDecision.Refuse, "Actions:Policy" },
    };

    public static TheoryData<string, GuardContext, GuardDecision, string> Setting => new()
    {
        { "one node", CleanSetting, GuardDecision.Allow, "sets it back by itself after 30 min" },
        { "node not asked yet", CleanSetting with { Readings = null }, GuardDecision.Allow, "" },
        { "viewer", CleanSetting with { Caller = Ada with { Role = Role.Viewer } }, GuardDecision.Refuse, "may look only" },
        { "read only", CleanSetting with { ReadOnly = true }, GuardDecision.Refuse, "read only" },
        { "no reason", CleanSetting with { Reason = "" }, GuardDecision.Refuse, "reason is missing" },
        { "not on the list", Set("net.ipv4.ip_forward", "1"), GuardDecision.Refuse, "no setting that can be changed" },
        { "path tricks", Set("net.netfilter.../../kernel/panic", "1"), GuardDecision.Refuse, "no setting that can be changed" },
        { "not a value", Set("nf_conntrack_tcp_be_liberal", "2"), GuardDecision.Refuse, "takes 0 or 1" },
        { "no value", Set("nf_conntrack_tcp_be_liberal", null), GuardDecision.Refuse, "takes 0 or 1" },
        { "not a plain number", Set("nf_conntrack_tcp_timeout_close_wait", "060"), GuardDecision.Refuse, "whole numbers" },
        { "tcp_loose to 0", Set("nf_conntrack_tcp_loose", "0"), GuardDecision.Refuse, "takes 1" },
        { "events to 0", Set("nf_conntrack_events", "0"), GuardDecision.Refuse, "takes 1 or 2" },
        { "log_invalid for an hour", Set("nf_conntrack_log_invalid", "6") with { Request = CleanSetting.Request with { Key = "nf_conntrack_log_invalid", Value = "6", RevertAfterMs = 3_600_000 } }, GuardDecision.Refuse, "from 10 s to 1 min" },
        { "log_invalid as usual", Set("nf_conntrack_log_invalid", "6"), GuardDecision.Allow, "after 1 min" },
        { "set back at once", CleanSetting with { Request = CleanSetting.Request with { RevertAfterMs = 9_999 } }, GuardDecision.Refuse, "from 10 s" },
        { "never set back", CleanSetting with { Request = CleanSetting.Request with { RevertAfterMs = long.MaxValue } }, GuardDecision.Refuse, "to 24 h" },
        { "filter to off", Set(SettingCatalog.DropInvalid, "off"), GuardDecision.Refuse, "by reverting" },
        { "filter", Set(SettingCatalog.DropInvalid, "forward"), GuardDecision.NeedsConfirmation, "It drops packets" },
        { "filter beside kube-proxy's", Set(SettingCatalog.DropInvalid, "forward") with { Nodes = [Node("node1") with { DropsInvalid = true }] }, GuardDecision.Refuse, "already drops INVALID" },
        { "IPVS timeout without IPVS", Set("ipvs.timeout_tcp", "60") with { Nodes = [Node("node1") with { Mode = ProxyMode.Nftables }] }, GuardDecision.Refuse, "ipvs mode" },
        { "IPVS timeout", Set("ipvs.timeout_tcp", "60") with { Nodes = [Node("node1") with { Mode = ProxyMode.Ipvs }] }, GuardDecision.Allow, "" },
        { "no node", CleanSetting with { Nodes = [] }, GuardDecision.Refuse, "No node is named" },
        { "unknown node", CleanSetting with { Nodes = [new NodeStatus("NODE1", false, false)] }, GuardDecision.Refuse, "no node named 'NODE1'" },
        { "no collector there", CleanSetting with { Nodes = [Node("node1") with { Connected = false }] }, GuardDecision.Refuse, "no collector is connected" },
        { "older collector", CleanSetting with { Nodes = [new NodeStatus("node1", true, true, "The collector of node1 is older than this command.")] }, GuardDecision.Refuse, "older than" },
        { "no answer", CleanSetting with { Readings = [], Silent = ["node1"] }, GuardDecision.Refuse, "did not answer" },
        { "the node refuses", CleanSetting with { Readings = [Reading("node1") with { Refusal = "Memory." }] }, GuardDecision.Refuse, "node1: Memory." },
        { "not readable", CleanSetting with { Readings = [Reading("node1") with { Value = null }] }, GuardDecision.Refuse, "changed blindly" },
        { "an open change", CleanSetting with { Readings = [Reading("node1") with { Open = new OpenChange("x", SettingCatalog.BeLiberal, "0", "1", 0, 1) }] }, GuardDecision.Refuse, "revert that one first" },
        { "it is so already", CleanSetting with { Readings = [Reading("node1") with { Value = "1" }] }, GuardDecision.Refuse, "already" },
        { "be_liberal back to 0", Set("nf_conntrack_tcp_be_liberal", "0") with { Readings = [Reading("node1") with { Value = "1" }] }, GuardDecision.NeedsConfirmation, "nothing protects" },
        { "two nodes", CleanSetting with { Nodes = [Node("node1"), Node("node2")], Readings = [Reading("node1"), Reading("node2")] }, GuardDecision.NeedsConfirmation, "first on node1" },
        { "a rule of two nodes", CleanSetting with { Nodes = [Node("node1"), Node("node2")], Policy = [new PolicyRule("nf_conntrack_tcp_be_liberal", null, null, 1, GuardDecision.NeedsApproval)] }, GuardDecision.NeedsApproval, "Actions:Policy" },
    };

    [Theory]
    [MemberData(nameof(Flush))]
    [MemberData(nameof(Setting))]
    public void Check_OneThingChanged_DecidesWithItsOwnSentence(string changed, GuardContext world, GuardDecision expected, string sentence)
    {
        var verdict = ActionGuard.Check(world);
        Assert.True(expected == verdict.Decision, $"{changed}: {verdict}");
        Assert.Contains(sentence, verdict.Sentence);
        string typed = world.Request.Kind == ActionKind.Flush ? PodIp : $"{world.Nodes.Count}";
        Assert.Equal(expected == GuardDecision.NeedsConfirmation ? typed : null, verdict.TypeToConfirm);
    }

    [Fact]
    public void Check_TwoDoubts_TellsBoth()
    {
        var verdict = ActionGuard.Check(Owned(OwnerState.Terminating) with { Silent = ["node3"] });
        Assert.Contains("terminating", verdict.Sentence);
        Assert.Contains("node3", verdict.Sentence);
    }

    [Fact]
    public void Catalog_EverySetting_HasValuesOrARange_AndCanBeSetBack() => Assert.All(SettingCatalog.All, kind =>
    {
        Assert.True(kind.Values.Count > 0 || kind.Most > kind.Least, kind.Key);
        Assert.True(kind.LongestMs >= 10_000, kind.Key);
        Assert.NotEmpty(kind.Meaning);
        Assert.NotEmpty(kind.Lasting);
        Assert.Null(kind.Refuse(kind.Values.Count > 0 ? kind.Values[^1] : $"{kind.Most}"));
        Assert.NotNull(kind.Refuse($"{kind.Most + 1}x"));
        Assert.NotNull(kind.Refuse("-1"));
        Assert.NotNull(kind.Refuse(""));
        Assert.NotNull(kind.Refuse(null));
    });
}
