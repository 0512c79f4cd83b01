namespace ConntrackConsole.Api;

/// <summary>What programs may ask: JSON under /api/v1, errors as RFC 9457 problem details.</summary>
public static class ApiRoutes
{
    public const string Root = "/api/v1";

    public static void MapApi(this WebApplication app)
    {
        var api = app.MapGroup(Root).RequireAuthorization();
        api.MapTerminations();
        api.MapTimeline();
        api.MapActions();
        api.MapAudit();
    }
}
