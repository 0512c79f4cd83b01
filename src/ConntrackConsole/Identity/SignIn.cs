using System.Security.Claims;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;

namespace ConntrackConsole.Identity;

/// <summary>The session cookie: when it is issued, how it is validated on each request, and how it is removed.</summary>
internal static class SignIn
{
    public static void MapSignIn(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/signin", SignInAsync).AllowAnonymous();
        routes.MapPost("/signout", SignOutAsync).AllowAnonymous();
    }

    private static async Task SignInAsync(HttpContext context, SignInLinks links, IssuedLinks issued, Sessions sessions)
    {
        context.Response.Headers.CacheControl = "no-store";
        if (!context.Request.Query.ContainsKey("token"))
        {
            await SignInPage.ChooseAsync(context, StatusCodes.Status200OK, IdentityErrorCodes.SignInRequired, "Sign in", "Choose how.");
            return;
        }

        string? token = context.Request.Query["token"];
        if ((links.WithToken(token) ?? issued.WithToken(token, links)) is not { } link)
        {
            await SignInPage.WriteAsync(
                context, StatusCodes.Status403Forbidden, IdentityErrorCodes.LinkInvalid, "This sign-in link is not valid",
                "It is not a link of this console, or it is older than the console's last start, or it was issued more than 15 minutes ago. It has signed no one in.");
            return;
        }

        if (link.TryUse())
        {
            await CompleteAsync(context, sessions, await BeginAsync(context, link, sessions), "/");
            return;
        }

        if (await sessions.PrincipalAsync(context.User, context.RequestAborted) is null)
        {
            await SignInPage.WriteAsync(
                context, StatusCodes.Status403Forbidden, IdentityErrorCodes.LinkUsed, "This sign-in link was already used",
                "A link works once, and this browser has no session of it. If it was not you who used it, ask an admin to end that session: the audit log has the sign-in with its address.");
            return;
        }

        context.Response.Redirect("/");
    }

    /// <summary>Gives the browser the cookie of a session that has begun, and the page that it wanted.</summary>
    public static async Task CompleteAsync(HttpContext context, Sessions sessions, Principal principal, string page)
    {
        await ReplaceAsync(context, sessions, principal);
        await context.SignInAsync(CookieOf(principal));
        context.Response.Redirect(page);
    }

    /// <summary>One browser is one person: pages that are still open as another user are signed out.</summary>
    public static async Task ReplaceAsync(HttpContext context, Sessions sessions, Principal principal)
    {
        if (await sessions.PrincipalAsync((await context.AuthenticateAsync(CookieAuthenticationDefaults.AuthenticationScheme)).Principal, context.RequestAborted) is { } before)
            await sessions.SignOutAsync(before, CancellationToken.None, $"The same browser signed in as {principal.Name}");
    }

    /// <summary>What the cookie holds: the session's id, and the name for display.</summary>
    public static ClaimsPrincipal CookieOf(Principal principal) => Principal([new Claim(ClaimTypes.Name, principal.Name), new Claim(Sessions.SessionClaim, principal.Session)]);

    private static async Task<Principal> BeginAsync(HttpContext context, SignInLink link, Sessions sessions)
    {
        try
        {
            return await sessions.BeginAsync(link, ClientAddress.Of(context), context.RequestAborted);
        }
        catch
        {
            link.Release();
            throw;
        }
    }

    private static async Task SignOutAsync(HttpContext context, IAntiforgery forms, Sessions sessions)
    {
        context.Response.Headers.CacheControl = "no-store";
        if (await sessions.PrincipalAsync(context.User, context.RequestAborted) is { } principal)
        {
            if (!await forms.IsRequestValidAsync(context))
            {
                await SignInPage.WriteAsync(context, StatusCodes.Status400BadRequest, IdentityErrorCodes.InvalidForm, "Not signed out",
                    "The request did not come from a current page of this console. Reload the page and sign out there.");
                return;
            }

            await sessions.SignOutAsync(principal, CancellationToken.None);
        }

        await context.SignOutAsync();
        context.Response.Redirect("/");
    }

    // The cookie only names the session; name and role are looked up on each request.
    internal static async Task ValidateAsync(CookieValidatePrincipalContext context)
    {
        var check = await context.HttpContext.RequestServices.GetRequiredService<Sessions>().CheckAsync(context.Principal, context.HttpContext.RequestAborted);
        context.HttpContext.Features.Set(check);
        if (check.Principal is not { } principal)
        {
            context.RejectPrincipal();
            return;
        }

        context.ReplacePrincipal(Principal(
        [
            new Claim(ClaimTypes.Name, principal.Name), new Claim(Sessions.SessionClaim, principal.Session),
            new Claim(ClaimTypes.Role, principal.Role.Name()), new Claim(Sessions.AddressClaim, principal.Address ?? ""),
        ]));
    }

    private static ClaimsPrincipal Principal(IEnumerable<Claim> claims) =>
        new(new ClaimsIdentity(claims, CookieAuthenticationDefaults.AuthenticationScheme));
}
