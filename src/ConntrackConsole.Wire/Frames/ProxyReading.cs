namespace ConntrackConsole.Wire;

/// <summary>How kube-proxy renders rules.</summary>
public enum ProxyMode : byte
{
    /// <summary>Unknown.</summary>
    Unknown = 0,
    /// <summary>iptables.</summary>
    Iptables = 1,
    /// <summary>nftables.</summary>
    Nftables = 2,
    /// <summary>ipvs.</summary>
    Ipvs = 3,
}

/// <summary>
/// One scrape of a node's kube-proxy (127.0.0.1:10249 and :10256). Values missing in its metrics are NaN.
/// </summary>
/// <param name="AtMs">When it was read, milliseconds of Unix time.</param>
/// <param name="Answers">False if /metrics did not answer; everything else is then unknown.</param>
/// <param name="Mode">From /proxyMode.</param>
/// <param name="HealthStatus">HTTP status of /healthz (200 or 503); 0 = no answer.</param>
/// <param name="ProcessStart">process_start_time_seconds, Unix time.</param>
/// <param name="LastSync">kubeproxy_sync_proxy_rules_last_timestamp_seconds, Unix time, of the IP family with the largest lag (without lag, of the one that synced last).</param>
/// <param name="LastQueued">kubeproxy_sync_proxy_rules_last_queued_timestamp_seconds, Unix time, of the same family: times of different families are not comparable.</param>
/// <param name="SyncP99">99th percentile of the sync duration since the start of kube-proxy, seconds.</param>
/// <param name="EndpointChanges">kubeproxy_sync_proxy_rules_endpoint_changes_total.</param>
/// <param name="EndpointChangesPending">kubeproxy_sync_proxy_rules_endpoint_changes_pending.</param>
/// <param name="ServiceChangesPending">kubeproxy_sync_proxy_rules_service_changes_pending.</param>
/// <param name="SyncFailures">Sum of the restore and sync failure counters.</param>
/// <param name="ReconcilerDeleted">kubeproxy_conntrack_reconciler_deleted_entries_total.</param>
/// <param name="InvalidDropped">kubeproxy_iptables_ct_state_invalid_dropped_packets_total.</param>
/// <param name="ApiErrors">rest_client_requests_total with a code that is not 2xx.</param>
public sealed record ProxyReading(
    long AtMs, bool Answers, ProxyMode Mode, ushort HealthStatus, double ProcessStart, double LastSync, double LastQueued,
    double SyncP99, double EndpointChanges, double EndpointChangesPending, double ServiceChangesPending, double SyncFailures,
    double ReconcilerDeleted, double InvalidDropped, double ApiErrors)
{
    /// <summary>
    /// nodeEligible of /healthz: false means that the node is to be deleted, and 503 is then on purpose, whether its rules lag or
    /// not. Null if the answer does not contain it (before Kubernetes 1.28).
    /// </summary>
    public bool? Eligible { get; init; }

    /// <summary>HTTP status of /livez (since 1.28), which does not depend on the node's deletion; 0 = no answer, or not asked.</summary>
    public ushort LiveStatus { get; init; }

    /// <summary>The IP family that <see cref="LastSync"/> and <see cref="LastQueued"/> are of: 4, 6, or 0 if the metrics have no such label.</summary>
    public byte LaggingFamily { get; init; }

    /// <summary>True if kube-proxy itself reports that its rules lag; a node that is to be deleted is no proof.</summary>
    public bool ReportsLag => LiveStatus == 503 || (HealthStatus == 503 && Eligible != false && LiveStatus != 200);
}
