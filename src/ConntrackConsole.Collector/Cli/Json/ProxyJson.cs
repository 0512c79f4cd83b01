using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Cli.Json;

/// <summary>One reading of kube-proxy; null for values that its metrics do not expose.</summary>
internal sealed record ProxyJson(
    DateTimeOffset At, bool Answers, ProxyMode Mode, int HealthStatus, double? ProcessStart, double? LastSync, double? LastQueued,
    double? SyncP99, double? EndpointChanges, double? EndpointChangesPending, double? ServiceChangesPending, double? SyncFailures,
    double? ReconcilerDeleted, double? InvalidDropped, double? ApiErrors, bool? NodeEligible, int LivezStatus, int LaggingFamily)
{
    public static ProxyJson Of(ProxyReading read) => new(
        DateTimeOffset.FromUnixTimeMilliseconds(read.AtMs), read.Answers, read.Mode, read.HealthStatus, Known(read.ProcessStart),
        Known(read.LastSync), Known(read.LastQueued), Known(read.SyncP99), Known(read.EndpointChanges), Known(read.EndpointChangesPending),
        Known(read.ServiceChangesPending), Known(read.SyncFailures), Known(read.ReconcilerDeleted), Known(read.InvalidDropped), Known(read.ApiErrors),
        read.Eligible, read.LiveStatus, read.LaggingFamily);

    // JSON has neither NaN nor infinity.
    private static double? Known(double value) => double.IsFinite(value) ? value : null;
}
