using System.Net;
using ConntrackConsole.Kubernetes.Parsing;

namespace ConntrackConsole.Kubernetes.Client;

/// <summary>The API server's history no longer reaches back to our resource version: list again.</summary>
internal sealed class WatchExpiredException : Exception;

/// <summary>The API server refuses; the message says what and what to do.</summary>
internal sealed class ApiServerException(string message) : Exception(message)
{
    public HttpStatusCode Status { get; init; }

    /// <summary>How long it asks us to wait.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>It will not change by asking again soon: no right, or no such kind.</summary>
    public bool Lasting => Status is HttpStatusCode.Forbidden or HttpStatusCode.NotFound;

    public static ApiServerException To(WatchedKind? kind, string verb, HttpResponseMessage response)
    {
        string what = kind?.Name ?? "its version";
        string cost = kind is null ? "" : $": {kind.Without}";
        string sentence = response.StatusCode switch
        {
            HttpStatusCode.Unauthorized =>
                "The API server does not accept the console's credentials: they have expired or were withdrawn. Renew the kubeconfig, its exec plugin's login, or the service account's token.",
            HttpStatusCode.Forbidden =>
                $"The console may not {verb} {what}{cost}. Give its ClusterRole 'get', 'list' and 'watch' on {what} in all namespaces.",
            HttpStatusCode.NotFound => $"This API server does not know {what}{cost}. Kubernetes 1.26 or newer is needed.",
            HttpStatusCode.TooManyRequests => $"The API server has too much to do to {verb} {what} and asks the console to wait.",
            var other => $"The API server answers {(int)other} to {verb} {what}.",
        };
        var wait = response.Headers.RetryAfter?.Delta;
        return new ApiServerException(sentence)
        {
            Status = response.StatusCode,
            RetryAfter = wait > TimeSpan.FromMinutes(1) ? TimeSpan.FromMinutes(1) : wait,
        };
    }
}
