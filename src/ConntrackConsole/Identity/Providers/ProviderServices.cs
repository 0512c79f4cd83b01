using ConntrackConsole.Configuration;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.Extensions.Options;

namespace ConntrackConsole.Identity.Providers;

/// <summary>Sign-in, by each of its ways, and the tokens of programs.</summary>
internal static class ProviderServices
{
    private const string Any = "Console";

    public static IServiceCollection AddIdentity(this IServiceCollection services)
    {
        services.AddSessions();
        services.AddSingleton<SignInAttempts>();
        services.AddSingleton<KubernetesSignIn>();
        services.AddOptions<OpenIdConnectOptions>(OpenIdConnectDefaults.AuthenticationScheme)
            .Configure<IOptions<IdentityOptions>, IOptions<ServerOptions>>((options, identity, server) => OpenIdConnectSignIn.Configure(options, identity.Value, server.Value));
        services.AddAuthentication(options =>
            {
                options.DefaultScheme = Any;
                options.DefaultSignInScheme = options.DefaultSignOutScheme = CookieAuthenticationDefaults.AuthenticationScheme;
            })
            .AddCookie()
            .AddOpenIdConnect()
            .AddScheme<AuthenticationSchemeOptions, BearerAuthentication>(BearerAuthentication.Name, null)
            // Only the API accepts a token; pages and their circuit know the cookie only.
            .AddPolicyScheme(Any, null, options => options.ForwardDefaultSelector = context =>
                BearerAuthentication.IsFor(context.Request) ? BearerAuthentication.Name : CookieAuthenticationDefaults.AuthenticationScheme);
        return services;
    }

    public static void MapProviders(this IEndpointRouteBuilder routes)
    {
        routes.MapSignIn();
        KubernetesSignIn.Map(routes);
        OpenIdConnectSignIn.Map(routes);
    }
}
