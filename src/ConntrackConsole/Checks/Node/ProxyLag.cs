using ConntrackConsole.Checks.Service;

namespace ConntrackConsole.Checks.Node;

/// <summary>
/// Do kube-proxy's rules follow the cluster? A sync runs only on a change: on an idle cluster the last one may be days old, which
/// is not a problem.
/// </summary>
internal static class ProxyLag
{
    public static readonly CheckName Name = new("proxy-sync", CheckCodes.ProxyLag, "kube-proxy sync");

    public static CheckResult Of(CheckContext world, NodeCheckContext node)
    {
        var limits = world.Limits;
        // A failing health check is reported even if the metrics are missing.
        if (node.Untold(world, Name) is null && node.Facts!.Proxy is { Reading.HealthStatus: 503 } sick)
        {
            return node.Result(Name, CheckState.Bad, "healthz 503", "healthz 200",
                "kube-proxy says itself that its rules lag. New connections on this node may still go to removed endpoints; a flush helps only once the rules are right.") with
            {
                ReadMs = sick.HeardMs, Commands = [Shell.ProxyHealth],
            };
        }

        if (node.ProxyUntold(world, Name) is { } untold)
            return untold;
        var proxy = node.Facts!.Proxy!;
        var reading = proxy.Reading;
        var pending = Sum(reading.EndpointChangesPending, reading.ServiceChangesPending);
        string[] commands = [Shell.ProxyHealth, Shell.ProxyMetrics("sync_proxy_rules_(last|endpoint_changes_pending|service_changes_pending)")];
        double allowed = double.IsNaN(reading.SyncP99) ? limits.PendingSeconds : Math.Max(limits.PendingSeconds, reading.SyncP99);
        string threshold = $"pending ≤ {allowed:0.#} s, queued ≤ {limits.QueuedSeconds:0} s";

        CheckResult Say(CheckState state, string value, string sentence, long? sinceNodeMs) =>
            node.Result(Name, state, value, threshold, sentence) with
            {
                ReadMs = proxy.HeardMs, Commands = commands,
                // The timestamp is by the node's clock; the console's clock is shown.
                SinceMs = sinceNodeMs is { } since ? proxy.HeardMs - (reading.AtMs - since) : null,
            };

        if (Seconds(reading.AtMs, proxy.PendingSinceMs) is var waits && waits > allowed)
        {
            return Say(CheckState.Bad, $"{pending:0} pending for {waits:0} s",
                "Changes wait longer than a sync takes: new connections on this node may still go to removed endpoints. Look at kube-proxy's log and CPU; a flush helps only once the rules are right.", proxy.PendingSinceMs);
        }

        if (Seconds(reading.AtMs, proxy.QueuedSinceMs) is var asked && asked > limits.QueuedSeconds)
        {
            return Say(CheckState.Bad, $"queued for {asked:0} s",
                "A sync was asked for and has not come: kube-proxy hangs or fails. Look at its log; a flush helps only once the rules are right.", proxy.QueuedSinceMs);
        }

        if (double.IsNaN(pending) && (double.IsNaN(reading.LastQueued) || double.IsNaN(reading.LastSync)))
        {
            return node.CannotTell(Name, UnknownCodes.MetricMissing, "This kube-proxy tells neither of pending changes nor of its syncs.", threshold: threshold) with
            {
                ReadMs = proxy.HeardMs, Commands = commands,
            };
        }

        return Say(CheckState.Ok, waits > 0 || pending > 0 ? $"{pending:0} pending" : asked > 0 ? "sync asked for" : "in sync",
            "The rules follow the cluster.", null);
    }

    private static double Seconds(long atMs, long? sinceMs) => sinceMs is { } since ? (atMs - since) / 1000.0 : 0;

    // One of the two may be missing in a version; if both are missing the value is unknown.
    private static double Sum(double a, double b) => double.IsNaN(a) ? b : double.IsNaN(b) ? a : a + b;
}
