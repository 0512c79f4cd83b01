using System.Globalization;
using ConntrackConsole.Api.Problems;
using ConntrackConsole.Api.Query;
using ConntrackConsole.Incidents.Files;
using Microsoft.AspNetCore.Http.HttpResults;

namespace ConntrackConsole.Api.Incidents;

/// <summary>GET incidents/export: a window with everything that its timeline and its findings need, as one file.</summary>
internal static class IncidentFilesApi
{
    public const string MediaType = "application/octet-stream";

    public static void MapIncidentFiles(this IEndpointRouteBuilder api) => api.MapGet("/incidents/export", ExportAsync)
        .WithName("exportIncidentFile").WithTags("Incidents").WithSummary("A window as one incident file")
        .WithDescription("Every frame of the nodes and every fact of the cluster between 'from' and 'to' (both required, at most 24 hours, within Storage:FrameHours), packed, with a version and a checksum. audit is true or false, default true.")
        .Produces<byte[]>(StatusCodes.Status200OK, MediaType)
        .ProducesApiProblem(StatusCodes.Status400BadRequest, StatusCodes.Status404NotFound);

    private static async Task<Results<FileContentHttpResult, ProblemHttpResult>> ExportAsync([AsParameters] IncidentParameters parameters, HttpContext context, IncidentWindowReader exporter, CancellationToken ct)
    {
        var reader = new QueryReader();
        reader.RefuseUnknown(context.Request.Query, typeof(IncidentParameters));
        var from = reader.Time("from", parameters.From);
        var to = reader.Time("to", parameters.To);
        if (reader.Problem is null && (from is null || to is null))
            reader.Fail(QueryErrorCodes.InvalidTime, "'from' and 'to' are required: use times such as 2026-11-24T17:00:00Z.");
        reader.RequireOrder(from, to, mayBeEmpty: false);
        if (from < DateTimeOffset.UnixEpoch)
            reader.Fail(QueryErrorCodes.TooEarly, "The window is before 1970: request a later one.");
        bool withAudit = QueryReader.Text(parameters.Audit) is not "false";
        if (QueryReader.Text(parameters.Audit) is not (null or "true" or "false"))
            reader.Fail(QueryErrorCodes.UnknownValue, "'audit' must be true or false.");
        if (reader.Problem is { } problem)
            return problem;
        try
        {
            byte[] file = IncidentCodec.Write(await exporter.ReadAsync(from!.Value.ToUnixTimeMilliseconds(), to!.Value.ToUnixTimeMilliseconds(), withAudit, ct));
            return TypedResults.File(file, MediaType, string.Create(CultureInfo.InvariantCulture, $"{from.Value.UtcDateTime:yyyyMMdd-HHmmss}.incident"));
        }
        catch (IncidentFileException refusal)
        {
            return ApiProblem.Create(
                refusal.Code == IncidentFileCodes.Empty ? StatusCodes.Status404NotFound : StatusCodes.Status400BadRequest, refusal.Code, "The incident cannot be exported", refusal.Message);
        }
    }
}
