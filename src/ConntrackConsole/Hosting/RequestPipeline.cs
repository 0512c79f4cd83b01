using ConntrackConsole.Api;
using ConntrackConsole.Api.Problems;
using ConntrackConsole.Components;
using ConntrackConsole.Components.Pages.Errors;
using ConntrackConsole.Identity.Providers;
using ConntrackConsole.Ingest;

namespace ConntrackConsole.Hosting;

/// <summary>Middleware in request order, and all endpoints.</summary>
internal static class RequestPipeline
{
    public static void MapConsole(this WebApplication app)
    {
        app.UseTrustedProxies();
        app.UseSecurityHeaders();
        app.UseCollectorAuthentication();
        app.UseApiProblems();
        app.UseErrorPages(context => ApiProblemExtensions.IsApi(context.Request));
        app.UseAuthentication();
        app.UseAuthorization();
        app.UseCsrfProtection();
        app.UseAntiforgery();
        app.UseIncidentFile();

        app.MapErrorPages();
        app.MapProviders();
        app.MapHealth();
        app.MapMetricsEndpoint();
        app.MapApi();
        if (!app.ShowsIncidentFile())
            app.MapCollectorHub();
        app.MapConsolePages();
    }
}
