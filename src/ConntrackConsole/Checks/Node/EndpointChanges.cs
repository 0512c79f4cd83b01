using ConntrackConsole.Checks.Service;

namespace ConntrackConsole.Checks.Node;

/// <summary>Do endpoints change more often than usual on this node?</summary>
internal static class EndpointChanges
{
    public static readonly CheckName Name = new("endpoint-changes", CheckCodes.EndpointChanges, "Endpoint change rate");

    public static CheckResult Of(CheckContext world, NodeCheckContext node)
    {
        if (node.ProxyUntold(world, Name) is { } untold)
            return untold;
        var limits = world.Limits;
        var proxy = node.Facts!.Proxy!;
        var rate = proxy.EndpointChanges;
        bool hasBaseline = rate.Minutes >= limits.BaselineMinutes;
        double limit = hasBaseline ? Math.Max(limits.ChangeFloor, limits.ChangeFactor * rate.Baseline) : limits.ChangeFloor;
        string threshold = $"≤ {limit:0.#}/min", value = double.IsNaN(rate.LastMinute) ? "" : $"{rate.LastMinute:0}/min";
        var (state, code, sentence) = Judge(rate.LastMinute, limit, hasBaseline) switch
        {
            CheckState.Ok => (CheckState.Ok, null, hasBaseline ? $"An ordinary minute of the last hour had {rate.Baseline:0.#}." : "Few, whatever is usual here."),
            CheckState.Warning => (CheckState.Warning, null, $"{limits.ChangeFactor:0.#} times an ordinary minute ({rate.Baseline:0.#}) or more: a rollout, a drain, or probes that fail on and off. Every change costs a sync."),
            _ when double.IsNaN(proxy.Reading.EndpointChanges) => (CheckState.CannotTell, UnknownCodes.MetricMissing, "kube-proxy's metrics have no count of endpoint changes."),
            _ when double.IsNaN(rate.LastMinute) => (CheckState.CannotTell, UnknownCodes.NeedsTwoReadings, "The rate needs two readings of the same kube-proxy."),
            _ => (CheckState.CannotTell, (string?)UnknownCodes.NoBaseline, $"Many, but what is usual here is not known yet: {rate.Minutes} of {limits.BaselineMinutes} minutes seen."),
        };
        var result = code is null ? node.Result(Name, state, value, threshold, sentence) : node.CannotTell(Name, code, sentence, value, threshold);
        return result with
        {
            ReadMs = proxy.HeardMs,
            Commands = [Shell.ProxyMetrics("sync_proxy_rules_endpoint_changes_total"), "kubectl get endpointslices -A --watch"],
        };
    }

    private static CheckState Judge(double lastMinute, double limit, bool hasBaseline) =>
        lastMinute <= limit ? CheckState.Ok : hasBaseline && lastMinute > limit ? CheckState.Warning : CheckState.CannotTell;
}
