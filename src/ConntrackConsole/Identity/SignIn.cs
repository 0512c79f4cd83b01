using System.Security.Claims;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;

namespace ConntrackConsole.Identity;

/// <summary>The session cookie: when it is issued, how it is validated on each request, and how it is removed.</summary>
internal static class SignIn
{
    /// <summary>Claim with the address from which the session was begun, for the audit log.</summary>
    public const string AddressClaim = "address";

    public static void MapSignIn(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/signin", SignInAsync).AllowAnonymous();
        routes.MapPost("/signout", SignOutAsync).AllowAnonymous();
    }

    private static async Task SignInAsync(HttpContext context, SignInLinks links, Sessions sessions)
    {
        context.Response.Headers.CacheControl = "no-store";
        if (links.WithToken(context.Request.Query["token"]) is not { } link)
        {
            await SignInPage.WriteAsync(context, StatusCodes.Status403Forbidden, "This link is not valid", SignInPage.HowTo);
            return;
        }

        var before = await sessions.CallerAsync(context.User, context.RequestAborted);
        if (link.TryUse())
        {
            await context.SignInAsync(await BeginAsync(context, link, sessions));
            // One browser is one person: the pages that are still open as somebody else go away.
            if (before is not null)
                await sessions.SignOutAsync(before, CancellationToken.None, $"The same browser signed in as {link.Name}");
        }
        else if (before is null)
        {
            await SignInPage.WriteAsync(context, StatusCodes.Status403Forbidden, "This link was used already", SignInPage.HowTo);
            return;
        }

        context.Response.Redirect("/");
    }

    private static async Task<ClaimsPrincipal> BeginAsync(HttpContext context, SignInLink link, Sessions sessions)
    {
        try
        {
            var caller = await sessions.BeginAsync(link, context.Connection.RemoteIpAddress?.ToString() ?? "unix socket", context.RequestAborted);
            return Principal([new Claim(ClaimTypes.Name, caller.Name), new Claim(Sessions.SessionClaim, caller.Session)]);
        }
        catch
        {
            link.GiveBack();
            throw;
        }
    }

    private static async Task SignOutAsync(HttpContext context, IAntiforgery forms, Sessions sessions)
    {
        context.Response.Headers.CacheControl = "no-store";
        if (await sessions.CallerAsync(context.User, context.RequestAborted) is { } caller)
        {
            if (!await forms.IsRequestValidAsync(context))
            {
                await SignInPage.WriteAsync(context, StatusCodes.Status400BadRequest, "Not signed out",
                    "This did not come from a page of this console as it is now. Load the page again, and sign out there.");
                return;
            }

            await sessions.SignOutAsync(caller, CancellationToken.None);
        }

        await context.SignOutAsync();
        context.Response.Redirect("/");
    }

    // The cookie only names the session; name and role are looked up on each request.
    internal static async Task ValidateAsync(CookieValidatePrincipalContext context)
    {
        var check = await context.HttpContext.RequestServices.GetRequiredService<Sessions>().CheckAsync(context.Principal, context.HttpContext.RequestAborted);
        context.HttpContext.Features.Set(check);
        if (check.Principal is not { } caller)
        {
            context.RejectPrincipal();
            return;
        }

        context.ReplacePrincipal(Principal(
        [
            new Claim(ClaimTypes.Name, caller.Name), new Claim(Sessions.SessionClaim, caller.Session),
            new Claim(ClaimTypes.Role, caller.Role.Name()), new Claim(AddressClaim, caller.Address ?? ""),
        ]));
    }

    private static ClaimsPrincipal Principal(IEnumerable<Claim> claims) =>
        new(new ClaimsIdentity(claims, CookieAuthenticationDefaults.AuthenticationScheme));
}
