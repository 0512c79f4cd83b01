using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using ConntrackConsole.Api.Problems;
using ConntrackConsole.Api.Query;
using ConntrackConsole.Audit;

namespace ConntrackConsole.Api.Audit;

/// <summary>GET audit: rows, newest first, as a page of JSON, or all matching rows as CSV or JSON lines.</summary>
internal static class AuditApi
{
    private const int DefaultLimit = 100;
    private const int MaxLimit = AuditLog.MaxRead;

    // Flushed early, so that a row of a megabyte is not buffered twice.
    private const int FlushBytes = 64 * 1024;

    public static void MapAudit(this IEndpointRouteBuilder api) => api.MapGet("/audit", ListAsync)
        .WithName("listAudit").WithTags("Audit").WithSummary("Rows of the audit log, newest first")
        .WithDescription($"limit is 1 to {MaxLimit}; without it a page has {DefaultLimit} rows, and csv and jsonl have all rows.")
        .Produces<AuditPage>(StatusCodes.Status200OK, "application/json", "text/csv", "application/x-ndjson")
        .ProducesApiProblem(StatusCodes.Status400BadRequest);

    private static async Task<IResult> ListAsync(
        [AsParameters] AuditParameters parameters, [AsParameters] WindowParameters window, [AsParameters] PageParameters paging, AuditLog log, TimeProvider time, HttpContext context, CancellationToken ct)
    {
        var reader = new QueryReader();
        var from = reader.Time("from", window.From);
        var to = reader.Time("to", window.To);
        reader.RequireOrder(from, to, mayBeEmpty: true);
        int? limit = reader.Integer("limit", paging.Limit, 1, MaxLimit);
        long? before = reader.Continue(paging.Continue);
        string format = QueryReader.Text(parameters.Format) ?? "json";
        if (format is not ("json" or "jsonl" or "csv"))
            reader.Fail(QueryErrorCodes.UnknownValue, $"'format' must be json, jsonl or csv: {QueryReader.Shorten(format)}.");
        if (reader.Problem is { } problem)
            return problem;

        var filter = new AuditFilter(
            from, to, QueryReader.Text(parameters.Who), QueryReader.Text(parameters.What), QueryReader.Text(parameters.Target),
            QueryReader.Text(parameters.Action), BeforeId: before);
        if (format == "json")
        {
            context.Response.ContentType = "application/json; charset=utf-8";
            await PageAsync(context, log, filter, limit ?? DefaultLimit, ct);
        }
        else if (format == "jsonl")
        {
            Attach(context, "application/x-ndjson", "jsonl", time);
            await RowsAsync(context, log, filter, limit, AuditJson.Line, ct);
        }
        else
        {
            Attach(context, "text/csv; charset=utf-8; header=present", "csv", time);
            context.Response.BodyWriter.Write(Encoding.UTF8.GetBytes(AuditCsv.Head));
            await RowsAsync(context, log, filter, limit, row => Encoding.UTF8.GetBytes(AuditCsv.Line(row)), ct);
        }

        return Results.Empty;
    }

    private static async Task PageAsync(HttpContext context, AuditLog log, AuditFilter filter, int limit, CancellationToken ct)
    {
        await using var json = new Utf8JsonWriter(context.Response.BodyWriter, AuditJson.Options);
        json.WriteStartObject();
        json.WriteStartArray("items");
        int count = 0;
        long last = 0;
        bool more = false;
        await foreach (var row in log.StreamAsync(filter, ct))
        {
            more = count == limit;
            if (more)
                break;
            AuditJson.Write(json, row);
            (count, last) = (count + 1, row.Id);
            if (json.BytesPending >= FlushBytes)
            {
                await json.FlushAsync(ct);
                await context.Response.BodyWriter.FlushAsync(ct);
            }
        }

        json.WriteEndArray();
        json.WriteString("continue", more ? last.ToString(CultureInfo.InvariantCulture) : null);
        json.WriteEndObject();
    }

    private static async Task RowsAsync(HttpContext context, AuditLog log, AuditFilter filter, int? limit, Func<AuditEntry, byte[]> line, CancellationToken ct)
    {
        int count = 0;
        await foreach (var row in log.StreamAsync(filter, ct))
        {
            context.Response.BodyWriter.Write(line(row));
            if (context.Response.BodyWriter.UnflushedBytes >= FlushBytes)
                await context.Response.BodyWriter.FlushAsync(ct);
            if (++count == limit)
                break;
        }

        await context.Response.BodyWriter.FlushAsync(ct);
    }

    private static void Attach(HttpContext context, string type, string end, TimeProvider time)
    {
        context.Response.ContentType = type;
        context.Response.Headers.ContentDisposition = string.Create(CultureInfo.InvariantCulture, $"attachment; filename=\"audit-{time.GetUtcNow():yyyyMMdd-HHmmss}.{end}\"");
    }
}
