using System.ComponentModel;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Actions.Guards;

/// <summary>Codes of the flush guards that exist only in the console.</summary>
[ReasonCodes("Flush, console")]
internal static class FlushGuardReasons
{
    /// <summary>No cluster is connected.</summary>
    [Description("No cluster is connected.")]
    public const string NoCluster = "flush.no_cluster";

    /// <summary>The API server does not let the console list a kind that a flush requires.</summary>
    [Description("The API server does not let the console list a kind that a flush requires.")]
    public const string KindMissing = "flush.kind_missing";

    /// <summary>The pod uses the host network.</summary>
    [Description("The pod uses the host network.")]
    public const string HostNetwork = "flush.host_network";

    /// <summary>The pod is still terminating.</summary>
    [Description("The pod is still terminating.")]
    public const string OwnerTerminating = "flush.owner_terminating";

    /// <summary>The live owner of the address is not a ready backend of the scope's Service.</summary>
    [Description("The live owner of the address is not a ready backend of the scope's Service.")]
    public const string OwnerNotBackend = "flush.owner_not_backend";

    /// <summary>The pod is on an unreachable node.</summary>
    [Description("The pod is on an unreachable node.")]
    public const string OwnerLost = "flush.owner_lost";

    /// <summary>An EndpointSlice still lists the address as ready.</summary>
    [Description("An EndpointSlice still lists the address as ready.")]
    public const string EndpointReady = "flush.endpoint_ready";

    /// <summary>An EndpointSlice still lists the address as serving.</summary>
    [Description("An EndpointSlice still lists the address as serving.")]
    public const string EndpointServing = "flush.endpoint_serving";

    /// <summary>The preset all also deletes entries with a live backend.</summary>
    [Description("The preset all also deletes entries with a live backend.")]
    public const string PresetAll = "flush.preset_all";

    /// <summary>No collector is connected.</summary>
    [Description("No collector is connected.")]
    public const string NoCollector = "flush.no_collector";

    /// <summary>No node answered the preview.</summary>
    [Description("No node answered the preview.")]
    public const string NoNodeAnswered = "flush.no_node_answered";

    /// <summary>Every node refused the preview.</summary>
    [Description("Every node refused the preview.")]
    public const string AllNodesRefuse = "flush.all_nodes_refuse";

    /// <summary>A node refused the preview; its entries remain.</summary>
    [Description("A node refused the preview; its entries remain.")]
    public const string NodeRefuses = "flush.node_refuses";

    /// <summary>A node cannot be queried; its entries remain.</summary>
    [Description("A node cannot be queried; its entries remain.")]
    public const string NodeSilent = "flush.node_silent";

    /// <summary>The kube-proxy rules of a node still lead to the address.</summary>
    [Description("The kube-proxy rules of a node still lead to the address.")]
    public const string RulesNotSynced = "flush.rules_not_synced";

    /// <summary>It is unknown whether the kube-proxy rules still lead to the address.</summary>
    [Description("It is unknown whether the kube-proxy rules still lead to the address.")]
    public const string RulesUnknown = "flush.rules_unknown";

    /// <summary>No node has an entry of the address.</summary>
    [Description("No node has an entry of the address.")]
    public const string NoEntries = "flush.no_entries";

    /// <summary>No node has an entry of the address, but IPVS keeps connections to it.</summary>
    [Description("No node has an entry of the address, but IPVS keeps connections to it.")]
    public const string IpvsOnly = "flush.ipvs_only";

    /// <summary>No node has an entry of the address within the preset and scope.</summary>
    [Description("No node has an entry of the address within the preset and scope.")]
    public const string NoEntriesInScope = "flush.no_entries_in_scope";

    /// <summary>nf_conntrack_tcp_loose is 0 on a node: clients will hang.</summary>
    [Description("nf_conntrack_tcp_loose is 0 on a node: clients will hang.")]
    public const string TcpLooseOff = "flush.tcp_loose_off";

    /// <summary>A Service of the entries has no endpoint left.</summary>
    [Description("A Service of the entries has no endpoint left.")]
    public const string NoEndpoint = "flush.no_endpoint";

    /// <summary>Some of the entries may carry working connections.</summary>
    [Description("Some of the entries may carry working connections.")]
    public const string MayBreak = "flush.may_break";
}
