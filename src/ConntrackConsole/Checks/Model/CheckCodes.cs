using System.ComponentModel;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Checks.Model;

/// <summary>Stable codes of the checks, one for each.</summary>
[ReasonCodes("Checks")]
internal static class CheckCodes
{
    [Description("Rate of kube-proxy's failed requests to the API server.")]
    public const string ApiErrors = "check.api_errors";

    [Description("The sysctl nf_conntrack_tcp_be_liberal, compared with the other nodes.")]
    public const string BeLiberal = "check.be_liberal";

    [Description("Whether each kind of Kubernetes object is listed and watched.")]
    public const string ClusterData = "check.cluster_data";

    [Description("terminationGracePeriodSeconds compared with the time that the pods take to exit.")]
    public const string DrainTime = "check.drain";

    [Description("EndpointSlices of the Service that list addresses which no pod owns.")]
    public const string EndpointOwner = "check.endpoint_owner";

    [Description("Rate of endpoint changes that kube-proxy sees, compared with the last hour.")]
    public const string EndpointChanges = "check.endpoint_changes";

    [Description("Whether INVALID segments are dropped or translated, so that none reaches a client un-NATed.")]
    public const string InvalidProtection = "check.invalid_protection";

    [Description("Connections that IPVS keeps to servers that were removed from the Service or have weight 0.")]
    public const string IpvsConnections = "check.ipvs_connections";

    [Description("The node's version sends traffic to terminating endpoints if no other is ready.")]
    public const string KubernetesVersion = "check.kubernetes_version";

    [Description("A preStop hook keeps the pods running while the rules still contain them.")]
    public const string PreStop = "check.pre_stop";

    [Description("Whether kube-proxy's rules follow the cluster.")]
    public const string ProxyLag = "check.proxy_sync";

    [Description("The mode of kube-proxy, or that conntrack is bypassed.")]
    public const string ProxyModes = "check.proxy_mode";

    [Description("A readiness probe decides when the pods get traffic.")]
    public const string Readiness = "check.readiness";

    [Description("conntrack entries of the Service that point to addresses of deleted pods.")]
    public const string StaleEntries = "check.stale_entries";

    [Description("99th percentile of the duration of kube-proxy's syncs.")]
    public const string SyncDuration = "check.sync_duration";

    [Description("How full the conntrack table is.")]
    public const string TableUse = "check.table_use";

    [Description("The sysctl nf_conntrack_tcp_loose.")]
    public const string TcpLoose = "check.tcp_loose";

    [Description("Whether terminating endpoints must serve because no endpoint is ready.")]
    public const string TerminatingEndpoints = "check.terminating_endpoints";
}
