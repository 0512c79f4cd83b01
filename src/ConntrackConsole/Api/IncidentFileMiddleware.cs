using ConntrackConsole.Api.Problems;
using ConntrackConsole.Incidents.Opened;
using Microsoft.AspNetCore.Http.HttpResults;

namespace ConntrackConsole.Api;

/// <summary>Refuses requests that change something where the console shows an incident file.</summary>
internal static class IncidentFileMiddleware
{
    /// <summary>There is no cluster, and no collector can connect.</summary>
    public static bool ShowsIncidentFile(this WebApplication app) => app.Services.GetService<OpenedIncident>() is not null;

    public static void UseIncidentFile(this WebApplication app)
    {
        if (app.ShowsIncidentFile())
            app.Use((context, next) => Check(context.Request) is { } refusal ? refusal.ExecuteAsync(context) : next(context));
    }

    private static ProblemHttpResult? Check(HttpRequest request) => !ApiProblemExtensions.IsApi(request) || HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method)
        ? null
        : ApiProblem.Create(StatusCodes.Status409Conflict, OpenedIncident.OffCode, "Nothing can be changed", OpenedIncident.OffReason);
}
