using System.Net;
using System.Security.Claims;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Authorization;

namespace ConntrackConsole.Identity;

/// <summary>The cookie, the page that gives it, and the page for those who have none.</summary>
public static class SignIn
{
    public const string UserName = "operator (link)";

    /// <summary>Claim with the address from which the cookie was got, for the audit log.</summary>
    public const string AddressClaim = "address";

    private const string HowTo =
        "Open the sign-in link from the console's log (it begins with /signin?token= and works once). "
        + "If it was used already, restart the console: it prints a fresh one.";

    public static void AddSignIn(this IServiceCollection services, string dataDirectory)
    {
        // Cookies know no ports: two consoles on one host must not take each other's.
        string instance = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(dataDirectory)))[..8];
        services.AddSingleton<SignInLink>();
        services.AddAuthentication(CookieAuthenticationDefaults.AuthenticationScheme).AddCookie(options =>
        {
            options.Cookie.Name = $"conntrack-console-{instance}";
            options.Cookie.HttpOnly = true;
            // Lax, not Strict: a link opened from a chat or a mail is a cross-site navigation and must find its cookie.
            options.Cookie.SameSite = SameSiteMode.Lax;
            options.ExpireTimeSpan = TimeSpan.FromHours(12);
            options.SlidingExpiration = true;
            options.Events.OnRedirectToLogin = context => Refuse(context.HttpContext, StatusCodes.Status401Unauthorized, "Sign in");
            options.Events.OnRedirectToAccessDenied = context => Refuse(context.HttpContext, StatusCodes.Status403Forbidden, "Not allowed");
        });
        services.AddAuthorizationBuilder().SetFallbackPolicy(new AuthorizationPolicyBuilder().RequireAuthenticatedUser().Build());
        services.AddCascadingAuthenticationState();
    }

    /// <param name="signedIn">Told who came and from where, before the cookie is given.</param>
    public static void MapSignIn(this IEndpointRouteBuilder routes, Func<string, string?, Task> signedIn) =>
        routes.MapGet("/signin", async (HttpContext context, SignInLink link) =>
        {
            context.Response.Headers.CacheControl = "no-store";
            switch (link.Use(context.Request.Query["token"]))
            {
                case LinkUse.Accepted:
                    string address = Address(context);
                    await signedIn(UserName, address);
                    var identity = new ClaimsIdentity(
                        [new Claim(ClaimTypes.Name, UserName), new Claim(AddressClaim, address)], CookieAuthenticationDefaults.AuthenticationScheme);
                    await context.SignInAsync(new ClaimsPrincipal(identity));
                    context.Response.Redirect("/");
                    break;
                case LinkUse.UsedBefore when context.User.Identity?.IsAuthenticated == true:
                    context.Response.Redirect("/");
                    break;
                case LinkUse.UsedBefore:
                    await WritePage(context, StatusCodes.Status403Forbidden, "This link was used already", HowTo);
                    break;
                default:
                    await WritePage(context, StatusCodes.Status403Forbidden, "This link is not valid", HowTo);
                    break;
            }
        }).AllowAnonymous();

    private static string Address(HttpContext context) => context.Connection.RemoteIpAddress?.ToString() ?? "unix socket";

    // A program reads problem details, a person a page.
    private static Task Refuse(HttpContext context, int status, string title) => context.Request.Path.StartsWithSegments("/api")
        ? Results.Problem(HowTo, statusCode: status, title: title).ExecuteAsync(context)
        : WritePage(context, status, title, HowTo);

    private static Task WritePage(HttpContext context, int status, string title, string text)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/html; charset=utf-8";
        return context.Response.WriteAsync($"""
            <!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
            <title>{WebUtility.HtmlEncode(title)} – ConntrackConsole</title></head>
            <body style="font-family:system-ui,sans-serif;max-width:40rem;margin:4rem auto;padding:0 1rem">
            <h1>{WebUtility.HtmlEncode(title)}</h1><p>{WebUtility.HtmlEncode(text)}</p></body></html>
            """);
    }
}
