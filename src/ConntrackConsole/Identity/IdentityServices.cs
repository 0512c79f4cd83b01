using System.Security.Cryptography;
using System.Text;
using ConntrackConsole.Configuration;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Authorization;
using Microsoft.Extensions.Options;

namespace ConntrackConsole.Identity;

/// <summary>Sign-in links, sessions, and the cookie that names a session.</summary>
internal static class IdentityServices
{
    // Longer than a session, so that a user who returns too late sees that the session has expired.
    private static readonly TimeSpan CookieLifetime = TimeSpan.FromDays(7);

    public static IServiceCollection AddSessions(this IServiceCollection services)
    {
        services.AddSingleton(provider => new SignInLinks(provider.GetRequiredService<IOptions<IdentityOptions>>().Value));
        services.AddSingleton(provider => new IssuedLinks(provider.GetRequiredService<IOptions<StorageOptions>>().Value.DataDirectory, provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<RoleRules>();
        services.AddSingleton<ApiTokens>();
        services.AddSingleton<Sessions>();
        services.AddOptions<AntiforgeryOptions>().Configure<IOptions<StorageOptions>>((options, storage) => options.Cookie.Name = $"{CookieName(storage.Value)}-form");
        services.AddAntiforgery();
        services.AddOptions<CookieAuthenticationOptions>(CookieAuthenticationDefaults.AuthenticationScheme)
            .Configure<IOptions<StorageOptions>>((options, storage) => Configure(options, CookieName(storage.Value)));
        services.AddAuthorizationBuilder().SetFallbackPolicy(new AuthorizationPolicyBuilder().RequireAuthenticatedUser().Build());
        return services.AddCascadingAuthenticationState();
    }

    // Cookies do not distinguish ports: two consoles on one host must not overwrite each other's.
    private static string CookieName(StorageOptions storage) =>
        $"conntrack-console-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(storage.DataDirectory)))[..8]}";

    private static void Configure(CookieAuthenticationOptions options, string name)
    {
        options.Cookie.Name = name;
        options.Cookie.HttpOnly = true;
        options.Cookie.SecurePolicy = CookieSecurePolicy.SameAsRequest;
        // Lax, not Strict: a link opened from a chat or a mail is a cross-site navigation and must find its cookie.
        options.Cookie.SameSite = SameSiteMode.Lax;
        options.ExpireTimeSpan = CookieLifetime;
        options.SlidingExpiration = false;
        options.Events.OnValidatePrincipal = SignIn.ValidateAsync;
        options.Events.OnRedirectToLogin = context =>
        {
            var refusal = context.HttpContext.Features.Get<SessionCheck>()?.Refusal;
            return SignInPage.RefuseAsync(
                context.HttpContext, StatusCodes.Status401Unauthorized, refusal?.Code ?? IdentityErrorCodes.SignInRequired, "Sign in",
                refusal?.Message ?? "The request has no session of this console.");
        };
        options.Events.OnRedirectToAccessDenied = context =>
            SignInPage.RefuseAsync(context.HttpContext, StatusCodes.Status403Forbidden, IdentityErrorCodes.Forbidden, "Not allowed", "You are signed in, but your role does not allow this. Ask a person with that role.");
    }
}
