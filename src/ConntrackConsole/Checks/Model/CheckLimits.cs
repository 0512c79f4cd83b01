namespace ConntrackConsole.Checks.Model;

/// <summary>The thresholds of all checks.</summary>
internal sealed record CheckLimits
{
    public static readonly CheckLimits Default = new();

    /// <summary>A collector sends every second; after a longer silence its last report is outdated.</summary>
    public long NodeSilentMs { get; init; } = 10_000;

    /// <summary>kube-proxy is read every two seconds.</summary>
    public long ProxyOldMs { get; init; } = 15_000;

    /// <summary>The age at which the cluster state is called old; guards refuse at the same age.</summary>
    public long ClusterOldMs { get; init; } = 10_000;

    /// <summary>Just after an endpoint was removed, entries that still refer to it are about to end.</summary>
    public long StaleBadMs { get; init; } = 30_000;

    /// <summary>Changes may wait for as long as a sync takes (p99), and for at least this long.</summary>
    public double PendingSeconds { get; init; } = 2;

    /// <summary>A requested sync starts within this time.</summary>
    public double QueuedSeconds { get; init; } = 60;

    /// <summary>99th percentile of the duration of a sync.</summary>
    public double SyncP99Seconds { get; init; } = 5;

    /// <summary>Endpoint changes a minute against the median minute of the last hour.</summary>
    public double ChangeFactor { get; init; } = 5;

    /// <summary>Fewer endpoint changes a minute than this never count as unusual: a rollout of a few pods causes a dozen.</summary>
    public double ChangeFloor { get; init; } = 60;

    /// <summary>A median of fewer minutes is not a baseline.</summary>
    public int BaselineMinutes { get; init; } = 10;

    /// <summary>Failed requests of kube-proxy to the API server within five minutes. A few conflicts and expired watches are normal.</summary>
    public double ApiErrorsWarning { get; init; } = 5;

    public double ApiErrorsBad { get; init; } = 30;

    /// <summary>The share of the grace period that the drain may use.</summary>
    public double DrainShare { get; init; } = 0.8;

    /// <summary>Both timestamps of a kill are in whole seconds.</summary>
    public long KillSlackMs { get; init; } = 1_000;

    /// <summary>Terminations that a drain is measured on: the newest, up to this number.</summary>
    public int Ends { get; init; } = 20;

    public long EndsMs { get; init; } = 24 * 3_600_000L;

    /// <summary>A pod that keeps running for this long after its deletion request drains by itself.</summary>
    public long OwnDrainMs { get; init; } = 5_000;

    public double TableWarning { get; init; } = 0.75;

    public double TableBad { get; init; } = 0.95;

    /// <summary>From this version on terminating endpoints serve if no other endpoint is ready.</summary>
    public Version Kubernetes { get; init; } = new(1, 26);
}
