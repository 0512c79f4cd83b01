using ConntrackConsole.Api.Access;
using ConntrackConsole.Api.Actions;
using ConntrackConsole.Api.Audit;
using ConntrackConsole.Api.Findings;
using ConntrackConsole.Api.Incidents;
using ConntrackConsole.Api.Inventory;
using ConntrackConsole.Api.Problems;
using ConntrackConsole.Api.Query;
using ConntrackConsole.Api.Rollouts;
using ConntrackConsole.Api.Terminations;
using ConntrackConsole.Api.Timeline;

namespace ConntrackConsole.Api;

/// <summary>The API: JSON under /api/v1, errors as RFC 9457 problem details, described by /openapi/v1.json.</summary>
internal static class ApiRoutes
{
    public static void MapApi(this WebApplication app)
    {
        var api = app.MapGroup(ApiPath.Root).RequireAuthorization();
        api.ProducesApiProblem(StatusCodes.Status401Unauthorized);
        api.MapTerminations();
        api.MapTimeline();
        api.MapFindings();
        api.MapIncidentFiles();
        api.MapIncidents();
        api.MapIncidentExport();
        api.MapRollouts();
        api.MapInventory();
        api.DescribeActions().MapActions();
        api.MapAudit();
        api.MapTokens();
        // Requires authorization like the API itself: it lists every parameter that an attacker would try.
        app.MapOpenApi().RequireAuthorization();
    }
}
