using System.ComponentModel;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Checks.Model;

/// <summary>Stable codes of the reasons why a check has insufficient data.</summary>
[ReasonCodes("Insufficient data of a check")]
internal static class UnknownCodes
{
    [Description("No collector has reported from the node.")]
    public const string NoCollector = "check.no_collector";

    [Description("The collector of the node stopped reporting.")]
    public const string CollectorSilent = "check.collector_silent";

    [Description("No collector reports at all.")]
    public const string NoCollectorReports = "check.no_collector_reports";

    [Description("The node has not reported kube-proxy's metrics yet.")]
    public const string NoProxyReading = "check.no_proxy_reading";

    [Description("kube-proxy does not respond on its metrics address.")]
    public const string ProxyNoAnswer = "check.proxy_no_answer";

    [Description("The last reading of kube-proxy is too old.")]
    public const string ProxyReadingOld = "check.proxy_reading_old";

    [Description("kube-proxy does not expose the metric.")]
    public const string MetricMissing = "check.metric_missing";

    [Description("A rate needs two readings of the same kube-proxy process.")]
    public const string NeedsTwoReadings = "check.needs_two_readings";

    [Description("Too few minutes were observed for a baseline.")]
    public const string NoBaseline = "check.no_baseline";

    [Description("kube-proxy does not expose its mode.")]
    public const string ProxyModeUnknown = "check.proxy_mode_unknown";

    [Description("kube-proxy does not expose when it started.")]
    public const string ProxyStartUnknown = "check.proxy_start_unknown";

    [Description("The node does not report the sysctl or the limit.")]
    public const string SettingUnknown = "check.setting_unknown";

    [Description("The node reports a value that the check does not support.")]
    public const string SettingInvalid = "check.setting_invalid";

    [Description("The value of the sysctl at the start of kube-proxy is unknown.")]
    public const string SettingHistoryUnknown = "check.setting_history_unknown";

    [Description("IPVS is loaded on a node, and its table could not be read (to its end), or the collector does not report it.")]
    public const string IpvsUnread = "check.ipvs_unread";

    [Description("No cluster is configured.")]
    public const string NoCluster = "check.no_cluster";

    [Description("The cluster has no node of this name.")]
    public const string NodeNotInCluster = "check.node_not_in_cluster";

    [Description("The node object has no kubelet version that can be parsed.")]
    public const string VersionUnknown = "check.version_unknown";

    [Description("The objects that the check needs cannot be listed.")]
    public const string KindNotListed = "check.kind_not_listed";

    [Description("The cluster is not listed yet.")]
    public const string ClusterNotListed = "check.cluster_not_listed";

    [Description("The watch of the Kubernetes API stopped responding.")]
    public const string ClusterOld = "check.cluster_old";

    [Description("The kubelet of a backend's node does not report but its collector does, and nothing shows yet whether the pod answers.")]
    public const string OwnerUnproven = "check.owner_unproven";

    [Description("Pods terminated, but their grace period is unknown.")]
    public const string GraceUnknown = "check.grace_unknown";

    [Description("No pod of the Service has terminated yet.")]
    public const string NoTermination = "check.no_termination";
}
