using ConntrackConsole.Configuration;
using ConntrackConsole.ErrorPages;
using Microsoft.Extensions.Options;

namespace ConntrackConsole.Hosting;

/// <summary>
/// What a browser must not do with any answer of the console: run a script or load anything from elsewhere, show it in a frame, guess its type,
/// or send its address to others.
/// </summary>
internal static class SecurityHeaders
{
    // A year, as browsers' lists ask for. Only this host: what others of the domain serve is not the console's to decide.
    private const string TransportSecurity = "max-age=31536000";

    // Styles: MudBlazor positions by style attributes, and writes its palette as a style element. Scripts: files of the console, and the one
    // line of an error page. Connections to itself include the circuit's web socket.
    private static readonly string Policy =
        $"default-src 'none'; script-src 'self' '{ErrorPageWriter.ScriptHash}'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
        + "form-action 'self'; base-uri 'self'; frame-ancestors 'none'";

    public static void UseSecurityHeaders(this WebApplication app)
    {
        bool isPublicTls = app.Services.GetRequiredService<IOptions<ServerOptions>>().Value.PublicUrl?.StartsWith("https://", StringComparison.OrdinalIgnoreCase) == true;
        app.Use((context, next) =>
        {
            // When the answer begins: what answers an exception removes headers that were set before.
            context.Response.OnStarting(() =>
            {
                Set(context, isPublicTls);
                return Task.CompletedTask;
            });
            return next(context);
        });
    }

    private static void Set(HttpContext context, bool isPublicTls)
    {
        var headers = context.Response.Headers;
        headers.XContentTypeOptions = "nosniff";
        headers.ContentSecurityPolicy = Policy;
        headers.XFrameOptions = "DENY";
        // The sign-in token must not leak in a Referer header.
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=(), payment=(), usb=()";
        if (context.Request.IsHttps || isPublicTls)
            headers.StrictTransportSecurity = TransportSecurity;
    }
}
