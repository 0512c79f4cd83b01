namespace ConntrackConsole.Diagnosis.Facts;

/// <summary>Increase of conntrack's counters on the nodes that were observed, and the fill of the fullest table.</summary>
internal sealed record CounterEvidence
{
    public long Invalid { get; init; }

    public long Drop { get; init; }

    public long EarlyDrop { get; init; }

    public long InsertFailed { get; init; }

    public long ClashResolve { get; init; }

    public long Count { get; init; }

    /// <summary>0 = unknown.</summary>
    public long Max { get; init; }
}

/// <summary>kube-proxy of the nodes that were observed, the worst of them.</summary>
internal sealed record ProxyEvidence
{
    /// <summary>Increase of kubeproxy_iptables_ct_state_invalid_dropped_packets_total; null = not in its metrics.</summary>
    public long? InvalidDropped { get; init; }

    /// <summary>Increase of the restore and sync failures.</summary>
    public long SyncFailures { get; init; }

    /// <summary>Changes that are not in the rules yet.</summary>
    public long ChangesPending { get; init; }

    /// <summary>For how long there have been any.</summary>
    public double PendingSeconds { get; init; }

    /// <summary>99th percentile of the duration of a sync, seconds; 0 = unknown.</summary>
    public double SyncP99Seconds { get; init; }

    /// <summary>healthz or livez answers that the rules lag.</summary>
    public bool ReportsLag { get; init; }

    /// <summary>Names of the nodes this is about; empty = one node, the observer's.</summary>
    public IReadOnlyList<string> Nodes { get; init; } = [];

    public bool Lags => ReportsLag || (ChangesPending > 0 && PendingSeconds > Math.Max(2, SyncP99Seconds));
}
