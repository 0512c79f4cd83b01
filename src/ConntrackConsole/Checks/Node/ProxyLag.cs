using ConntrackConsole.Checks.Model;

namespace ConntrackConsole.Checks.Node;

/// <summary>
/// Do kube-proxy's rules follow the cluster? A sync runs only on a change: on an idle cluster the last one may be days old, which
/// is not a problem.
/// </summary>
internal static class ProxyLag
{
    public static readonly CheckName Name = new("proxy-sync", CheckCodes.ProxyLag, "kube-proxy sync");

    public static CheckResult Of(CheckContext context, NodeCheckContext node)
    {
        var limits = context.Limits;
        // A failing health check is reported even if the metrics are missing.
        bool reports = node.MissingData(context, Name) is null;
        if (reports && node.Facts!.Proxy is { Reading: { ReportsLag: false, Answers: false, HealthStatus: 503, LiveStatus: 200 } } leaving)
        {
            return node.Result(Name, CheckState.Ok, "livez 200", "livez 200",
                "The node is to be deleted, so healthz is 503 on purpose; livez reports that the rules follow the cluster.") with
            {
                ReadMs = leaving.HeardMs, Commands = [Shell.ProxyHealth],
            };
        }

        if (reports && node.Facts!.Proxy is { Reading.ReportsLag: true } sick)
        {
            return node.Result(Name, CheckState.Bad, sick.Reading.LiveStatus == 503 ? "livez 503" : "healthz 503", "healthz 200",
                "kube-proxy reports that its rules lag. New connections on this node may still go to removed endpoints; flush only after the rules are up to date.") with
            {
                ReadMs = sick.HeardMs, Commands = [Shell.ProxyHealth],
            };
        }

        if (node.MissingProxyData(context, Name) is { } unknown)
            return unknown;
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
                "Changes wait longer than a sync takes: new connections on this node may still go to removed endpoints. Check kube-proxy's log and CPU; flush only after the rules are up to date.", proxy.PendingSinceMs);
        }

        if (Seconds(reading.AtMs, proxy.QueuedSinceMs) is var queued && queued > limits.QueuedSeconds)
        {
            return Say(CheckState.Bad, $"queued for {queued:0} s",
                $"A requested sync{Family(reading)} has not run: kube-proxy hangs or fails. Check its log; flush only after the rules are up to date.", proxy.QueuedSinceMs);
        }

        if (double.IsNaN(pending) && (double.IsNaN(reading.LastQueued) || double.IsNaN(reading.LastSync)))
        {
            return node.InsufficientData(Name, UnknownCodes.MetricMissing, "This kube-proxy exposes neither pending changes nor its syncs.", threshold: threshold) with
            {
                ReadMs = proxy.HeardMs, Commands = commands,
            };
        }

        return Say(CheckState.Ok, waits > 0 || pending > 0 ? $"{pending:0} pending" : queued > 0 ? "sync requested" : "in sync",
            reading is { HealthStatus: 503 } ? "The rules follow the cluster. The node is to be deleted, so healthz is 503 on purpose." : "The rules follow the cluster.", null);
    }

    private static string Family(Wire.ProxyReading reading) => reading.LaggingFamily is 0 ? "" : $" of the IPv{reading.LaggingFamily} rules";

    private static double Seconds(long atMs, long? sinceMs) => sinceMs is { } since ? (atMs - since) / 1000.0 : 0;

    // One of the two may be missing in a version; if both are missing the value is unknown.
    private static double Sum(double a, double b) => double.IsNaN(a) ? b : double.IsNaN(b) ? a : a + b;
}
