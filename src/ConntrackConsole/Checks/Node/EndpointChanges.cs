using ConntrackConsole.Checks.Model;

namespace ConntrackConsole.Checks.Node;

/// <summary>Do endpoints change more often than usual on this node?</summary>
internal static class EndpointChanges
{
    public static readonly CheckName Name = new("endpoint-changes", CheckCodes.EndpointChanges, "Endpoint change rate");

    public static CheckResult Of(CheckContext context, NodeCheckContext node)
    {
        if (node.MissingProxyData(context, Name) is { } unknown)
            return unknown;
        var limits = context.Limits;
        var proxy = node.Facts!.Proxy!;
        var rate = proxy.EndpointChanges;
        bool hasBaseline = rate.Minutes >= limits.BaselineMinutes;
        double limit = hasBaseline ? Math.Max(limits.ChangeFloor, limits.ChangeFactor * rate.Baseline) : limits.ChangeFloor;
        string threshold = $"≤ {limit:0.#}/min", value = double.IsNaN(rate.LastMinute) ? "" : $"{rate.LastMinute:0}/min";
        var (state, code, sentence) = Classify(rate.LastMinute, limit, hasBaseline) switch
        {
            CheckState.Ok => (CheckState.Ok, null, hasBaseline ? $"The median minute of the last hour had {rate.Baseline:0.#}." : "Few, independent of the baseline."),
            CheckState.Warning => (CheckState.Warning, null, $"{limits.ChangeFactor:0.#} times the median minute ({rate.Baseline:0.#}) or more: a rollout, a drain, or flapping probes. Every change costs a sync."),
            _ when double.IsNaN(proxy.Reading.EndpointChanges) => (CheckState.InsufficientData, UnknownCodes.MetricMissing, "kube-proxy's metrics have no count of endpoint changes."),
            _ when double.IsNaN(rate.LastMinute) => (CheckState.InsufficientData, UnknownCodes.NeedsTwoReadings, "The rate needs two readings of the same kube-proxy."),
            _ => (CheckState.InsufficientData, (string?)UnknownCodes.NoBaseline, $"Many, but there is no baseline yet: {rate.Minutes} of {limits.BaselineMinutes} minutes observed."),
        };
        var result = code is null ? node.Result(Name, state, value, threshold, sentence) : node.InsufficientData(Name, code, sentence, value, threshold);
        return result with
        {
            ReadMs = proxy.HeardMs,
            Commands = [Shell.ProxyMetrics("sync_proxy_rules_endpoint_changes_total"), "kubectl get endpointslices -A --watch"],
        };
    }

    private static CheckState Classify(double lastMinute, double limit, bool hasBaseline) =>
        lastMinute <= limit ? CheckState.Ok : hasBaseline && lastMinute > limit ? CheckState.Warning : CheckState.InsufficientData;
}
