using ConntrackConsole.Checks.Model;

namespace ConntrackConsole.Checks.Node;

/// <summary>How long a sync of kube-proxy takes.</summary>
internal static class SyncDuration
{
    public static readonly CheckName Name = new("sync-duration", CheckCodes.SyncDuration, "Sync duration p99");

    public static CheckResult Of(CheckContext world, NodeCheckContext node)
    {
        if (node.ProxyUntold(world, Name) is { } untold)
            return untold;
        var proxy = node.Facts!.Proxy!;
        double limit = world.Limits.SyncP99Seconds, p99 = proxy.Reading.SyncP99;
        var result = double.IsNaN(p99)
            ? node.CannotTell(Name, UnknownCodes.MetricMissing, "kube-proxy's metrics have no duration of syncs: none has run since it started, or this version does not tell.", threshold: $"≤ {limit:0.#} s")
            : p99 > limit
            ? node.Result(Name, CheckState.Bad, Text(p99), $"≤ {limit:0.#} s", "Removed endpoints stay in the rules for as long as a sync takes: new connections reach pods that are gone. Fewer Services and endpoints, more CPU, or nftables mode shorten it.")
            : node.Result(Name, CheckState.Ok, Text(p99), $"≤ {limit:0.#} s", "Since the start of kube-proxy.");
        return result with { ReadMs = proxy.HeardMs, Commands = [Shell.ProxyMetrics("sync_proxy_rules_duration_seconds")] };
    }

    private static string Text(double seconds) => seconds < 1 ? $"{seconds * 1000:0} ms" : $"{seconds:0.##} s";
}
