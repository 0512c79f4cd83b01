using ConntrackConsole.Configuration;
using ConntrackConsole.ErrorPages;
using ConntrackConsole.Wire;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.Extensions.Options;

namespace ConntrackConsole.Identity;

/// <summary>Response for unauthorized requests: a page with the ways to sign in for browsers, problem details for API clients.</summary>
internal static class SignInPage
{
    private const string LinkHowTo =
        "Open the sign-in link from the console's log (it begins with /signin?token= and works once). "
        + "If it was already used, get a new one from 'conntrack-console sign-in-link NAME' on the console's machine; the console keeps running.";

    private const string TokenHowTo = "A program sends a token with each request (Authorization: Bearer); an admin creates them on the page Access.";

    private static readonly ErrorStep[] NewLink =
    [
        new("To get a new link, run this where the console runs, as its user and with its data directory. The console keeps running, and all other sessions stay.", "conntrack-console sign-in-link NAME"),
        new("In a cluster:", "kubectl -n conntrack-console exec deploy/console -- ./conntrack-console sign-in-link NAME"),
        new("Open the link that it prints in this browser, within 15 minutes. Without NAME it lists the people."),
    ];

    private static readonly ErrorStep FirstLink = new("At its start the console logs one link for each person; each of them works once.", "kubectl -n conntrack-console logs deploy/console | grep 'sign-in link'");

    private static readonly ErrorStep KubernetesToken = new("A token of the cluster, which the console checks and does not keep:", "kubectl create token NAME --duration=1h");

    public static Task RefuseAsync(HttpContext context, int status, string code, string title, string text) =>
        context.Request.Path.StartsWithSegments("/api") || context.Request.Path.StartsWithSegments("/openapi")
            ? ProblemAsync(context, status, new Reason(code, text), title)
            : code == IdentityErrorCodes.Forbidden ? WriteAsync(context, status, code, title, text) : ChooseAsync(context, status, code, title, text);

    public static Task ProblemAsync(HttpContext context, int status, Reason reason, string title)
    {
        bool hasLinks = Options(context).Links.Count > 0;
        string help = reason.Code == IdentityErrorCodes.Forbidden ? "" : $" {(hasLinks ? LinkHowTo + " " : "")}{TokenHowTo}";
        return Results.Problem(reason.Message + help, statusCode: status, title: title, extensions: new Dictionary<string, object?> { ["code"] = reason.Code }).ExecuteAsync(context);
    }

    /// <summary>A page with what happened, and links to the ways to sign in.</summary>
    public static Task WriteAsync(HttpContext context, int status, string code, string title, string text)
    {
        ErrorStep[] steps = code is IdentityErrorCodes.LinkUsed or IdentityErrorCodes.LinkInvalid ? NewLink : [];
        return ErrorPageWriter.WriteAsync(context, new ErrorPage(status, code, title, text, steps)
        {
            Links = status == StatusCodes.Status404NotFound || code == IdentityErrorCodes.Forbidden || steps.Length > 0 ? [] : [new ErrorLink("/signin", "Sign in")],
        });
    }

    /// <summary>A page with every way to sign in that this console offers; afterwards the browser is where it wanted to go.</summary>
    public static Task ChooseAsync(HttpContext context, int status, string code, string title, string text)
    {
        var options = Options(context);
        string page = Local(context.Request.Path == "/signin" ? context.Request.Query["return"] : context.Request.Path + context.Request.QueryString);
        var links = new List<ErrorLink>();
        var forms = new List<ErrorForm>();
        if (options.OidcAuthority is not null)
            links.Add(new ErrorLink($"/signin/oidc?return={Uri.EscapeDataString(page)}", $"Sign in with {options.OidcDisplayName}"));
        if (options.KubernetesSignIn)
        {
            var form = context.RequestServices.GetRequiredService<IAntiforgery>().GetAndStoreTokens(context);
            forms.Add(new ErrorForm("/signin/kubernetes", KubernetesToken, "token", "Token", "Sign in", [(form.FormFieldName, form.RequestToken!), ("return", page)]));
        }

        return ErrorPageWriter.WriteAsync(context, new ErrorPage(status, code, title, text, options.Links.Count > 0 ? [FirstLink, .. NewLink] : []) { Links = links, Forms = forms, StepsLast = true });
    }

    /// <summary>A page of this console, or its first one: an address from elsewhere must not lead elsewhere.</summary>
    public static string Local(string? page) =>
        page is { Length: > 0 and <= 2_000 } && page[0] == '/' && (page.Length == 1 || page[1] is not ('/' or '\\')) && !page.StartsWith("/signin", StringComparison.OrdinalIgnoreCase) && !page.Any(char.IsControl) ? page : "/";

    private static IdentityOptions Options(HttpContext context) => context.RequestServices.GetRequiredService<IOptions<IdentityOptions>>().Value;
}
