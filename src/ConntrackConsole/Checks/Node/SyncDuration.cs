using ConntrackConsole.Checks.Model;

namespace ConntrackConsole.Checks.Node;

/// <summary>How long a sync of kube-proxy takes.</summary>
internal static class SyncDuration
{
    public static readonly CheckName Name = new("sync-duration", CheckCodes.SyncDuration, "Sync duration p99");

    public static CheckResult Of(CheckContext context, NodeCheckContext node)
    {
        if (node.MissingProxyData(context, Name) is { } unknown)
            return unknown;
        var proxy = node.Facts!.Proxy!;
        double limit = context.Limits.SyncP99Seconds, p99 = proxy.Reading.SyncP99;
        var result = double.IsNaN(p99)
            ? node.InsufficientData(Name, UnknownCodes.MetricMissing, "kube-proxy's metrics have no sync duration: no sync has run since it started, or this version does not expose it.", threshold: $"≤ {limit:0.#} s")
            : p99 > limit
            ? node.Result(Name, CheckState.Bad, Text(p99), $"≤ {limit:0.#} s", "Removed endpoints stay in the rules for as long as a sync takes: new connections go to deleted pods. Reduce Services and endpoints, add CPU, or use nftables mode.")
            : node.Result(Name, CheckState.Ok, Text(p99), $"≤ {limit:0.#} s", "Measured since kube-proxy started.");
        return result with { ReadMs = proxy.HeardMs, Commands = [Shell.ProxyMetrics("sync_proxy_rules_duration_seconds")] };
    }

    private static string Text(double seconds) => seconds < 1 ? $"{seconds * 1000:0} ms" : $"{seconds:0.##} s";
}
