using ConntrackConsole.Checks.Model;

namespace ConntrackConsole.Checks.Node;

/// <summary>Does kube-proxy reach the API server? Changes that it does not receive are missing from its rules.</summary>
internal static class ApiErrors
{
    public static readonly CheckName Name = new("api-errors", CheckCodes.ApiErrors, "rest_client errors");

    public static CheckResult Of(CheckContext context, NodeCheckContext node)
    {
        if (node.MissingProxyData(context, Name) is { } unknown)
            return unknown;
        var limits = context.Limits;
        var proxy = node.Facts!.Proxy!;
        double errors = proxy.ApiErrors.LastFiveMinutes;
        string threshold = $"< {limits.ApiErrorsWarning:0} in 5 min";
        const string advice = "kube-proxy's requests to the API server fail: its view of the cluster may be outdated. Check its log, and the API server's address and certificate from this node.";
        var result = double.IsNaN(proxy.Reading.ApiErrors)
            ? node.InsufficientData(Name, UnknownCodes.MetricMissing, "kube-proxy's metrics have no rest_client_requests_total.", threshold: threshold)
            : double.IsNaN(errors)
            ? node.InsufficientData(Name, UnknownCodes.NeedsTwoReadings, "The rate needs two readings of the same kube-proxy.", threshold: threshold)
            : errors >= limits.ApiErrorsBad ? node.Result(Name, CheckState.Bad, Text(errors), threshold, advice)
            : errors >= limits.ApiErrorsWarning ? node.Result(Name, CheckState.Warning, Text(errors), threshold, advice)
            : node.Result(Name, CheckState.Ok, Text(errors), threshold, "A few conflicts and expired watches are normal.");
        return result with { ReadMs = proxy.HeardMs, Commands = [Shell.ProxyMetrics("rest_client_requests_total"), Shell.InNamespace("kube-system", "logs ds/kube-proxy --since=10m")] };
    }

    private static string Text(double errors) => $"{errors:0} in 5 min";
}
