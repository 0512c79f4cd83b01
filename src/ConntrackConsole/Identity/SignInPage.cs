using ConntrackConsole.ErrorPages;

namespace ConntrackConsole.Identity;

/// <summary>Response for unauthorized requests: a page for browsers, problem details for API clients.</summary>
internal static class SignInPage
{
    public const string HowTo =
        "Open the sign-in link from the console's log (it begins with /signin?token= and works once). "
        + "If it was already used, get a new one from 'conntrack-console sign-in-link NAME' on the console's machine; the console keeps running.";

    private static readonly ErrorStep[] NewLink =
    [
        new("To get a new link, run this where the console runs, as its user and with its data directory. The console keeps running, and all other sessions stay.", "conntrack-console sign-in-link NAME"),
        new("In a cluster:", "kubectl -n conntrack-console exec deploy/console -- ./conntrack-console sign-in-link NAME"),
        new("Open the link that it prints in this browser, within 15 minutes. Without NAME it lists the people."),
    ];

    private static readonly ErrorStep FirstLink = new("At its start the console logs one link for each person; each of them works once.", "kubectl -n conntrack-console logs deploy/console | grep 'sign-in link'");

    public static Task RefuseAsync(HttpContext context, int status, string code, string title, string text) =>
        context.Request.Path.StartsWithSegments("/api") || context.Request.Path.StartsWithSegments("/openapi")
            ? Results.Problem($"{text} {HowTo}", statusCode: status, title: title, extensions: new Dictionary<string, object?> { ["code"] = code }).ExecuteAsync(context)
            : WriteAsync(context, status, code, title, text, code != IdentityErrorCodes.Forbidden);

    /// <param name="needsLink">A new link helps.</param>
    public static Task WriteAsync(HttpContext context, int status, string code, string title, string text, bool needsLink = true)
    {
        ErrorStep[] steps = !needsLink ? []
            : code is IdentityErrorCodes.LinkUsed or IdentityErrorCodes.LinkInvalid ? NewLink
            : [FirstLink, .. NewLink];
        return ErrorPageWriter.WriteAsync(context, new ErrorPage(status, code, title, text, steps));
    }
}
