using ConntrackConsole.Components.Palette;
using ConntrackConsole.Components.State;
using ConntrackConsole.Identity;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.AspNetCore.Components.Server.Circuits;
using MudBlazor.Services;

namespace ConntrackConsole.Components;

/// <summary>Services and endpoints of the pages.</summary>
internal static class ComponentServices
{
    public static IServiceCollection AddConsolePages(this IServiceCollection services)
    {
        services.AddRazorComponents().AddInteractiveServerComponents();
        // Replaces the default provider, which reads the state only once.
        services.AddScoped<AuthenticationStateProvider, SessionWatch>();
        return services.AddPageParts();
    }

    /// <summary>Without the host's renderer, for page tests that bring their own.</summary>
    public static IServiceCollection AddPageParts(this IServiceCollection services)
    {
        services.AddMudServices(mud => Toasts.Configure(mud.SnackbarConfiguration));
        services.AddScoped<Browser>();
        services.AddScoped<Keyboard>();
        services.AddScoped<Visibility>();
        services.AddScoped<CircuitHandler>(circuit => circuit.GetRequiredService<Visibility>());
        services.AddScoped(CurrentUser.Of);
        services.AddScoped<UserActions>();
        services.AddScoped<PaletteReader>();
        return services;
    }

    public static void MapConsolePages(this WebApplication app)
    {
        app.MapStaticAssets().AllowAnonymous();
        app.MapRazorComponents<App>().AddInteractiveServerRenderMode(options => options.ContentSecurityFrameAncestorsPolicy = null);
    }
}
