using System.Net.Mime;
using ConntrackConsole.Api.Problems;
using Microsoft.Net.Http.Headers;

namespace ConntrackConsole.Api;

/// <summary>
/// Protects against cross-site requests: a changing request must come from a program or from the console's own page. A form of another
/// site can neither send JSON nor hide its origin.
/// </summary>
internal static class CsrfMiddleware
{
    public static void UseApiDoor(this WebApplication app) => app.Use((context, next) =>
        Refusal(context.Request) is { } refusal ? refusal.ExecuteAsync(context) : next(context));

    /// <summary>The answer to a request that is refused; null where it may pass.</summary>
    public static IResult? Refusal(HttpRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (!request.Path.StartsWithSegments("/api") || HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method))
            return null;
        if (request.Headers.Origin is { Count: > 0 } origin && !(origin is [{ } one] && IsOwn(one, request.Host)))
        {
            return ApiProblem.Create(StatusCodes.Status403Forbidden, RequestErrorCodes.ForeignOrigin, "Foreign origin",
                $"The request names the origin '{origin}', which is not this console ({request.Host}): send it from the console's own page, or from a program without Origin.");
        }

        return MediaTypeHeaderValue.TryParse(request.ContentType, out var type) && type.MediaType.Equals(MediaTypeNames.Application.Json, StringComparison.OrdinalIgnoreCase)
            ? null
            : ApiProblem.Create(
                StatusCodes.Status415UnsupportedMediaType, RequestErrorCodes.NotJson, "Not JSON",
                $"Send changing requests with Content-Type: {MediaTypeNames.Application.Json}, even without a body.");
    }

    // The scheme may differ where a proxy in front of the console speaks TLS.
    private static bool IsOwn(string origin, HostString host) =>
        Uri.TryCreate(origin, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" && host.HasValue
        && uri.Host.Equals(host.Host, StringComparison.OrdinalIgnoreCase)
        && (host.Port is { } port ? uri.Port == port : uri.IsDefaultPort);
}
