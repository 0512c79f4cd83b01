using System.Net;

namespace ConntrackConsole.Identity;

/// <summary>Response for unauthorized requests: HTML for browsers, problem details for API clients.</summary>
internal static class SignInPage
{
    public const string HowTo =
        "Open the sign-in link from the console's log (it begins with /signin?token= and works once). "
        + "If it was already used, restart the console: it prints a new one.";

    public static Task RefuseAsync(HttpContext context, int status, string code, string title, string text) =>
        context.Request.Path.StartsWithSegments("/api") || context.Request.Path.StartsWithSegments("/openapi")
            ? Results.Problem(text, statusCode: status, title: title, extensions: new Dictionary<string, object?> { ["code"] = code }).ExecuteAsync(context)
            : WriteAsync(context, status, code, title, text);

    public static Task WriteAsync(HttpContext context, int status, string code, string title, string text)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/html; charset=utf-8";
        return context.Response.WriteAsync($"""
            <!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
            <title>{WebUtility.HtmlEncode(title)} – ConntrackConsole</title></head>
            <body style="font-family:system-ui,sans-serif;max-width:40rem;margin:4rem auto;padding:0 1rem">
            <h1>{WebUtility.HtmlEncode(title)}</h1><p>{WebUtility.HtmlEncode(text)}</p><p><code>{code}</code></p></body></html>
            """);
    }
}
