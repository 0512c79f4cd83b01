using System.Net.Mime;
using Microsoft.Net.Http.Headers;

namespace ConntrackConsole.Api;

/// <summary>
/// What changes something must come from a program or from our own page. A form of a foreign page can send neither JSON nor
/// hide where it comes from.
/// </summary>
public static class ApiDoor
{
    public static void UseApiDoor(this WebApplication app) => app.Use((context, next) =>
        Refusal(context.Request) is { } refusal ? refusal.ExecuteAsync(context) : next(context));

    /// <summary>Why a request is not let through, or null.</summary>
    public static IResult? Refusal(HttpRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (!request.Path.StartsWithSegments("/api") || HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method))
            return null;
        if (request.Headers.Origin is { Count: > 0 } origin && !(origin is [{ } one] && IsOwn(one, request.Host)))
        {
            return Problem(StatusCodes.Status403Forbidden, "Another site asks",
                $"The request names the origin '{origin}', which is not this console ({request.Host}): send it from the console's own page, or from a program without Origin.");
        }

        return MediaTypeHeaderValue.TryParse(request.ContentType, out var type) && type.MediaType.Equals(MediaTypeNames.Application.Json, StringComparison.OrdinalIgnoreCase)
            ? null
            : Problem(StatusCodes.Status415UnsupportedMediaType, "Not JSON", $"What changes something is sent with Content-Type: {MediaTypeNames.Application.Json}, even where it has no body.");
    }

    // The scheme may differ where a proxy in front of the console speaks TLS.
    private static bool IsOwn(string origin, HostString host) =>
        Uri.TryCreate(origin, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" && host.HasValue
        && uri.Host.Equals(host.Host, StringComparison.OrdinalIgnoreCase)
        && (host.Port is { } port ? uri.Port == port : uri.IsDefaultPort);

    private static IResult Problem(int status, string title, string detail) => Results.Problem(detail, statusCode: status, title: title);
}
