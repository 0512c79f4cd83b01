using ConntrackConsole.Components.State;
using ConntrackConsole.Identity;
using Microsoft.AspNetCore.Components.Authorization;
using MudBlazor.Services;

namespace ConntrackConsole.Components;

/// <summary>What the pages need of the host.</summary>
internal static class ComponentServices
{
    public static IServiceCollection AddConsolePages(this IServiceCollection services)
    {
        services.AddRazorComponents().AddInteractiveServerComponents();
        // After theirs, which asks once and never again.
        services.AddScoped<AuthenticationStateProvider, SessionWatch>();
        return services.AddPageParts();
    }

    /// <summary>Without the host's own: a page test brings its renderer along.</summary>
    public static IServiceCollection AddPageParts(this IServiceCollection services)
    {
        services.AddMudServices();
        services.AddScoped<Browser>();
        services.AddScoped<Keyboard>();
        services.AddScoped(CurrentUser.Of);
        services.AddScoped<UserActions>();
        return services;
    }

    public static void MapConsolePages(this WebApplication app)
    {
        app.MapStaticAssets().AllowAnonymous();
        app.MapRazorComponents<App>().AddInteractiveServerRenderMode();
    }
}
