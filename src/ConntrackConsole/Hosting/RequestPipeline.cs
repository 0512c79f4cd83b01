using ConntrackConsole.Api;
using ConntrackConsole.Api.Problems;
using ConntrackConsole.Components;
using ConntrackConsole.Components.Pages.Errors;
using ConntrackConsole.Identity;
using ConntrackConsole.Ingest;

namespace ConntrackConsole.Hosting;

/// <summary>Middleware in request order, and all endpoints.</summary>
internal static class RequestPipeline
{
    public static void MapConsole(this WebApplication app)
    {
        app.UseCollectorAuthentication();
        app.Use((context, next) =>
        {
            context.Response.Headers.XContentTypeOptions = "nosniff";
            // The sign-in token must not leak in a Referer header.
            context.Response.Headers["Referrer-Policy"] = "no-referrer";
            return next(context);
        });
        app.UseApiProblems();
        app.UseErrorPages(context => ApiProblemExtensions.IsApi(context.Request));
        app.UseAuthentication();
        app.UseAuthorization();
        app.UseCsrfProtection();
        app.UseAntiforgery();
        app.UseIncidentFile();

        app.MapErrorPages();
        app.MapSignIn();
        app.MapHealth();
        app.MapMetricsEndpoint();
        app.MapApi();
        if (!app.ShowsIncidentFile())
            app.MapCollectorHub();
        app.MapConsolePages();
    }
}
