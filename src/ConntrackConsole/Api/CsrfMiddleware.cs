using System.Net.Mime;
using ConntrackConsole.Api.Problems;
using Microsoft.Net.Http.Headers;

namespace ConntrackConsole.Api;

/// <summary>
/// Protects against cross-site requests: requests that change something must come from a program or from the console's own pages. A form of
/// another site can neither send JSON nor hide its origin.
/// </summary>
internal static class CsrfMiddleware
{
    public static void UseCsrfProtection(this WebApplication app) => app.Use((context, next) =>
        Check(context.Request, RequiresJson(context)) is { } refusal ? refusal.ExecuteAsync(context) : next(context));

    // A path that does not exist, or does not support the method, is a clearer answer than a missing header. The endpoint of a wrong method has no
    // metadata, each of the API's has.
    private static bool RequiresJson(HttpContext context) =>
        context.GetEndpoint() is { } endpoint && (endpoint.Metadata.Count > 0 || context.Request.ContentType is not null);

    /// <summary>The response that rejects the request, or null.</summary>
    /// <param name="requiresJson">False if no endpoint takes the request.</param>
    public static IResult? Check(HttpRequest request, bool requiresJson = true)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (!request.Path.StartsWithSegments("/api") || HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method))
            return null;
        if (request.Headers.Origin is { Count: > 0 } origin && !(origin is [{ } one] && IsOwn(one, request.Host)))
        {
            return ApiProblem.Create(StatusCodes.Status403Forbidden, RequestErrorCodes.ForeignOrigin, "Foreign origin",
                $"The Origin header '{origin}' is not this console ({request.Host}): send the request from the console's own pages, or from a program without an Origin header.");
        }

        return !requiresJson || (MediaTypeHeaderValue.TryParse(request.ContentType, out var type) && type.MediaType.Equals(MediaTypeNames.Application.Json, StringComparison.OrdinalIgnoreCase))
            ? null
            : ApiProblem.Create(
                StatusCodes.Status415UnsupportedMediaType, RequestErrorCodes.NotJson, "Not JSON",
                $"Send requests that change something with Content-Type: {MediaTypeNames.Application.Json}, even without a body.");
    }

    // The scheme may differ if a proxy in front of the console terminates TLS.
    private static bool IsOwn(string origin, HostString host) =>
        Uri.TryCreate(origin, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" && host.HasValue
        && uri.Host.Equals(host.Host, StringComparison.OrdinalIgnoreCase)
        && (host.Port is { } port ? uri.Port == port : uri.IsDefaultPort);
}
