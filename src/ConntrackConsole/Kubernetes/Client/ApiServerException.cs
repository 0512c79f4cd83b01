using System.Net;
using ConntrackConsole.Kubernetes.Parsing;

namespace ConntrackConsole.Kubernetes.Client;

/// <summary>The API server's history no longer contains the resource version: list again.</summary>
internal sealed class WatchExpiredException : Exception;

/// <summary>The API server refused a request; the message contains the reason and what to do.</summary>
internal sealed class ApiServerException(string message) : Exception(message)
{
    public HttpStatusCode Status { get; init; }

    /// <summary>How long the server requires the client to wait.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>A retry will not help soon: missing permission or unknown kind.</summary>
    public bool IsPersistent => Status is HttpStatusCode.Forbidden or HttpStatusCode.NotFound;

    public static ApiServerException From(WatchedKind? kind, string verb, HttpResponseMessage response)
    {
        string what = kind?.Name ?? "version";
        string impact = kind is null ? "" : $": {kind.Impact}";
        string message = response.StatusCode switch
        {
            HttpStatusCode.Unauthorized =>
                "The API server does not accept the console's credentials: they have expired or were revoked. Renew the kubeconfig, its exec plugin's login, or the service account's token.",
            HttpStatusCode.Forbidden =>
                $"The console may not {verb} {what}{impact}. Grant its ClusterRole 'get', 'list' and 'watch' on {what} in all namespaces.",
            HttpStatusCode.NotFound => $"This API server does not serve {what}{impact}. Kubernetes 1.26 or newer is required.",
            HttpStatusCode.TooManyRequests => $"The API server is overloaded and rejected the request to {verb} {what}; will retry.",
            var other => $"The API server responded {(int)other} to {verb} {what}.",
        };
        var wait = response.Headers.RetryAfter?.Delta;
        return new ApiServerException(message)
        {
            Status = response.StatusCode,
            RetryAfter = wait > TimeSpan.FromMinutes(1) ? TimeSpan.FromMinutes(1) : wait,
        };
    }
}
