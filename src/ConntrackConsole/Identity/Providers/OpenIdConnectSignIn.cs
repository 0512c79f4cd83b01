using System.Security.Claims;
using ConntrackConsole.Configuration;
using ConntrackConsole.Wire;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;

namespace ConntrackConsole.Identity.Providers;

/// <summary>
/// People sign in at an OpenID Connect provider: authorization code with PKCE. The platform's handler checks issuer, audience, signature,
/// lifetime and nonce; the console takes name and groups, and keeps no token.
/// </summary>
internal static class OpenIdConnectSignIn
{
    public const string Path = "/signin/oidc";

    private const string Callback = "/signin/oidc/callback";
    private const string Origin = "OpenID Connect";

    public static void Map(IEndpointRouteBuilder routes) => routes.MapGet(Path, (HttpContext context, IOptions<IdentityOptions> options) =>
        options.Value.OidcAuthority is null
            ? SignInPage.WriteAsync(context, StatusCodes.Status404NotFound, IdentityErrorCodes.SignInRequired, "No provider", "This console has no OpenID Connect provider (Identity:OpenIdConnect:Authority).")
            : ChallengeAsync(context)).AllowAnonymous();

    public static void Configure(OpenIdConnectOptions options, IdentityOptions identity, ServerOptions server)
    {
        // Without a provider the scheme exists, and is never used: the handler refuses options without an authority.
        options.Authority = identity.OidcAuthority ?? "https://provider.invalid";
        options.RequireHttpsMetadata = options.Authority.StartsWith("https://", StringComparison.OrdinalIgnoreCase);
        options.ClientId = identity.OidcClientId ?? "none";
        options.ClientSecret = identity.OidcClientSecret;
        options.ResponseType = OpenIdConnectResponseType.Code;
        // By query, not by form: then the cookies of the sign-in need not be sent along with a cross-site POST.
        options.ResponseMode = OpenIdConnectResponseMode.Query;
        options.UsePkce = true;
        options.SaveTokens = false;
        options.MapInboundClaims = false;
        options.CallbackPath = Callback;
        // The handler would sign out whoever follows a link to it.
        options.RemoteSignOutPath = PathString.Empty;
        options.SignInScheme = CookieAuthenticationDefaults.AuthenticationScheme;
        options.CorrelationCookie.SameSite = options.NonceCookie.SameSite = SameSiteMode.Lax;
        options.CorrelationCookie.SecurePolicy = options.NonceCookie.SecurePolicy = CookieSecurePolicy.SameAsRequest;
        options.Scope.Clear();
        foreach (string scope in identity.OidcScopes.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            options.Scope.Add(scope);
        options.TokenValidationParameters.RequireSignedTokens = true;
        options.TokenValidationParameters.RequireExpirationTime = true;
        options.TokenValidationParameters.ClockSkew = TimeSpan.FromMinutes(1);
        options.Events.OnRedirectToIdentityProvider = context =>
        {
            // Behind a proxy the request does not have the address that the browser sees.
            if (server.PublicUrl is { } url)
                context.ProtocolMessage.RedirectUri = url.TrimEnd('/') + Callback;
            return Task.CompletedTask;
        };
        // Not when the token is validated: the nonce is checked after that.
        options.Events.OnTicketReceived = context => BeginAsync(context, identity);
        options.Events.OnRemoteFailure = FailAsync;
    }

    private static async Task ChallengeAsync(HttpContext context)
    {
        try
        {
            await context.ChallengeAsync(OpenIdConnectDefaults.AuthenticationScheme, new AuthenticationProperties { RedirectUri = SignInPage.Local(context.Request.Query["return"]) });
        }
        catch (Exception failure) when (failure is InvalidOperationException or HttpRequestException or IOException)
        {
            // The library's message quotes what the provider answered: it is for the log only.
            context.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(OpenIdConnectSignIn).FullName!).LogWarning(failure, "The OpenID Connect provider does not answer.");
            await SignInPage.WriteAsync(
                context, StatusCodes.Status503ServiceUnavailable, IdentityErrorCodes.ProviderUnavailable, "Not signed in",
                "The OpenID Connect provider does not answer. Try again, or sign in another way; the console's log has the reason.");
        }
    }

    // The cookie names a session of this console; nothing of the provider is kept in it.
    private static async Task BeginAsync(TicketReceivedContext context, IdentityOptions identity)
    {
        var sessions = context.HttpContext.RequestServices.GetRequiredService<Sessions>();
        var person = new Person(
            context.Principal?.FindFirstValue(identity.OidcNameClaim) ?? "", SignInSource.OpenIdConnect,
            [.. context.Principal?.FindAll(identity.OidcGroupsClaim).Select(claim => claim.Value) ?? []]);
        string address = ClientAddress.Of(context.HttpContext);
        SessionCheck check;
        // An address that the provider has not verified may be anyone's.
        if (identity.OidcNameClaim == "email" && context.Principal?.FindFirstValue("email_verified") is { } verified && !bool.TrueString.Equals(verified, StringComparison.OrdinalIgnoreCase))
        {
            check = new SessionCheck(null, new Reason(IdentityErrorCodes.NameInvalid, "The provider has not verified your e-mail address, which is your name here (Identity:OpenIdConnect:NameClaim)."));
            await sessions.RefusedAsync(address, Origin, check.Refusal!, context.HttpContext.RequestAborted);
        }
        else
        {
            check = await sessions.BeginAsync(person, address, Origin, TimeSpan.FromMinutes(identity.OidcSessionMinutes), context.HttpContext.RequestAborted);
        }

        if (check.Principal is not { } principal)
        {
            context.HandleResponse();
            await SignInPage.WriteAsync(
                context.HttpContext, check.IsUnknown ? StatusCodes.Status503ServiceUnavailable : StatusCodes.Status403Forbidden, check.Refusal!.Code, "Not signed in", check.Refusal.Message);
            return;
        }

        await SignIn.ReplaceAsync(context.HttpContext, sessions, principal);
        context.Principal = SignIn.CookieOf(principal);
        context.Properties = new AuthenticationProperties();
        context.ReturnUri = SignInPage.Local(context.ReturnUri);
    }

    private static async Task FailAsync(RemoteFailureContext context)
    {
        context.HandleResponse();
        string address = ClientAddress.Of(context.HttpContext);
        // The library's message names the check that failed, and may quote the token: it is for the log only.
        context.HttpContext.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(OpenIdConnectSignIn).FullName!)
            .LogWarning("A sign-in by OpenID Connect from {Address} failed: {Failure}", address, context.Failure?.GetType().Name);
        var refusal = new Reason(IdentityErrorCodes.ProviderRefused, "The provider refused the sign-in, or its answer is not valid here. Try once more; if it fails again, the console's log has the kind of the failure.");
        if (context.HttpContext.RequestServices.GetRequiredService<SignInAttempts>().Failed(address))
            await context.HttpContext.RequestServices.GetRequiredService<Sessions>().RefusedAsync(address, Origin, refusal, context.HttpContext.RequestAborted);
        await SignInPage.WriteAsync(context.HttpContext, StatusCodes.Status403Forbidden, refusal.Code, "Not signed in", refusal.Message);
    }
}
