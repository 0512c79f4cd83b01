using ConntrackConsole.Api.Problems;
using ConntrackConsole.Api.Query;
using ConntrackConsole.Incidents.Export;
using ConntrackConsole.Incidents.Files;
using ConntrackConsole.Incidents.Records;
using Microsoft.AspNetCore.Http.HttpResults;

namespace ConntrackConsole.Api.Incidents;

/// <summary>GET incidents/ID/export: an incident with its findings and its written timeline, as a file for people or programs.</summary>
internal static class IncidentExportApi
{
    private const string FileFormat = "file";

    private static readonly Dictionary<string, ExportForm> Forms = new(StringComparer.Ordinal)
    {
        ["markdown"] = ExportForm.Markdown, ["html"] = ExportForm.Html, ["csv"] = ExportForm.Csv, ["json"] = ExportForm.Json,
    };

    public static void MapIncidentExport(this IEndpointRouteBuilder api) => api.MapGet("/incidents/{id}/export", ExportAsync)
        .WithName("exportIncident").WithTags("Incidents").WithSummary("An incident with its findings and what happened")
        .WithDescription("As Markdown, one HTML page without scripts, CSV, JSON, or the incident file of its window. The response has the media type of the format.")
        .Produces<JsonExport>(StatusCodes.Status200OK, "application/json").ProducesApiProblem(400, 404);

    private static async Task<Results<FileContentHttpResult, ProblemHttpResult>> ExportAsync(
        string id, [AsParameters] IncidentExportParameters parameters, HttpContext context, IncidentStore store, IncidentExporter exporter, IncidentWindowReader files, TimeProvider time, CancellationToken ct)
    {
        var reader = new QueryReader();
        reader.RefuseUnknown(context.Request.Query, typeof(IncidentExportParameters));
        string format = QueryReader.Text(parameters.Format) ?? "markdown";
        if (format != FileFormat && !Forms.ContainsKey(format))
            reader.Fail(QueryErrorCodes.UnknownValue, "'format' must be markdown, html, csv, json or file.");
        if (QueryReader.Text(parameters.Redact) is not (null or "true" or "false"))
            reader.Fail(QueryErrorCodes.UnknownValue, "'redact' must be true or false.");
        bool redact = QueryReader.Text(parameters.Redact) is "true";
        if (redact && format == FileFormat)
            reader.Fail(QueryErrorCodes.Conflict, "An incident file has the frames of the nodes as they are: it cannot be redacted. Use another format.");
        if (reader.Problem is { } problem)
            return problem;
        if (id.Length > IncidentService.MaxName || await store.FindAsync(id, ct) is not { } incident)
            return ApiProblem.Create(StatusCodes.Status404NotFound, IncidentCodes.NotFound, "No such incident", "There is no incident with this id: see GET /api/v1/incidents.");
        context.Response.Headers.CacheControl = "no-store";
        try
        {
            var file = format == FileFormat
                ? new ExportFile($"{incident.Id}.incident", IncidentFilesApi.MediaType, IncidentCodec.Write(await files.ReadAsync(incident.FromMs, incident.EndMs(time.GetUtcNow().ToUnixTimeMilliseconds()), withAudit: true, ct) with { Record = incident }))
                : await exporter.WriteAsync(incident, Forms[format], redact, ct);
            return TypedResults.File(file.Bytes, file.MediaType, file.Name);
        }
        catch (IncidentFileException refusal)
        {
            return ApiProblem.Create(
                refusal.Code == IncidentFileCodes.Empty ? StatusCodes.Status404NotFound : StatusCodes.Status400BadRequest, refusal.Code, "The incident cannot be exported", refusal.Message);
        }
    }
}
