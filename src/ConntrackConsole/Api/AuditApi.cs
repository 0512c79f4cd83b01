using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using ConntrackConsole.Audit;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Api;

/// <summary>GET audit: the rows, newest first, as a page of JSON, or all that match as CSV or as lines of JSON.</summary>
public static class AuditApi
{
    public const int DefaultLimit = 100;
    public const int MaxLimit = AuditLog.MaxRead;

    // Written on before it is full, so that a row of a megabyte is not held twice.
    private const int FlushBytes = 64 * 1024;

    public static void MapAudit(this IEndpointRouteBuilder api) => api.MapGet("/audit", ListAsync);

    private static async Task<IResult> ListAsync(
        string? from, string? to, string? who, string? what, string? target, string? action, string? limit, string? @continue, string? format,
        AuditLog log, TimeProvider time, HttpContext context, CancellationToken ct)
    {
        long fromMs = 0, toMs = 0;
        if (!string.IsNullOrEmpty(from) && !ApiTime.TryRead(from, out fromMs))
            return Bad($"'from' is no RFC 3339 time: {TextSummary.Truncate(from, 60)}. Give one such as 2026-11-24T17:00:00Z.");
        if (!string.IsNullOrEmpty(to) && !ApiTime.TryRead(to, out toMs))
            return Bad($"'to' is no RFC 3339 time: {TextSummary.Truncate(to, 60)}. Give one such as 2026-11-24T17:00:00Z.");
        if (!string.IsNullOrEmpty(from) && !string.IsNullOrEmpty(to) && fromMs > toMs)
            return Bad("'from' is after 'to': exchange them.");
        int? most = null;
        if (!string.IsNullOrEmpty(limit))
        {
            if (!int.TryParse(limit, NumberStyles.None, CultureInfo.InvariantCulture, out int number) || number is < 1 or > MaxLimit)
                return Bad($"'limit' must be a whole number from 1 to {MaxLimit}: {TextSummary.Truncate(limit, 60)}. Leave it out of csv and jsonl for all rows.");
            most = number;
        }

        long before = 0;
        if (!string.IsNullOrEmpty(@continue) && (!long.TryParse(@continue, NumberStyles.None, CultureInfo.InvariantCulture, out before) || before < 1))
            return Bad("'continue' is not what an earlier page gave: leave it out to begin with the newest.");

        var filter = new AuditFilter(
            string.IsNullOrEmpty(from) ? null : DateTimeOffset.FromUnixTimeMilliseconds(fromMs),
            string.IsNullOrEmpty(to) ? null : DateTimeOffset.FromUnixTimeMilliseconds(toMs),
            Given(who), Given(what), Given(target), Given(action), BeforeId: before == 0 ? null : before);
        switch (Given(format))
        {
            case null or "json":
                context.Response.ContentType = "application/json; charset=utf-8";
                await PageAsync(context, log, filter, most ?? DefaultLimit, ct);
                break;
            case "jsonl":
                Attach(context, "application/x-ndjson", "jsonl", time);
                await RowsAsync(context, log, filter, most, AuditJson.Line, ct);
                break;
            case "csv":
                Attach(context, "text/csv; charset=utf-8; header=present", "csv", time);
                context.Response.BodyWriter.Write(Encoding.UTF8.GetBytes(AuditCsv.Head));
                await RowsAsync(context, log, filter, most, row => Encoding.UTF8.GetBytes(AuditCsv.Line(row)), ct);
                break;
            default:
                return Bad($"'format' is json, jsonl or csv: {TextSummary.Truncate(format!, 60)}.");
        }

        return Results.Empty;
    }

    private static async Task PageAsync(HttpContext context, AuditLog log, AuditFilter filter, int most, CancellationToken ct)
    {
        await using var json = new Utf8JsonWriter(context.Response.BodyWriter, AuditJson.Options);
        json.WriteStartObject();
        json.WriteStartArray("items");
        int count = 0;
        long last = 0;
        bool more = false;
        await foreach (var row in log.StreamAsync(filter, ct))
        {
            more = count == most;
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

    private static async Task RowsAsync(HttpContext context, AuditLog log, AuditFilter filter, int? most, Func<AuditEntry, byte[]> line, CancellationToken ct)
    {
        int count = 0;
        await foreach (var row in log.StreamAsync(filter, ct))
        {
            context.Response.BodyWriter.Write(line(row));
            if (context.Response.BodyWriter.UnflushedBytes >= FlushBytes)
                await context.Response.BodyWriter.FlushAsync(ct);
            if (++count == most)
                break;
        }

        await context.Response.BodyWriter.FlushAsync(ct);
    }

    private static void Attach(HttpContext context, string type, string end, TimeProvider time)
    {
        context.Response.ContentType = type;
        context.Response.Headers.ContentDisposition = string.Create(CultureInfo.InvariantCulture, $"attachment; filename=\"audit-{time.GetUtcNow():yyyyMMdd-HHmmss}.{end}\"");
    }

    private static string? Given(string? text) => string.IsNullOrEmpty(text) ? null : text;


    private static IResult Bad(string sentence) =>
        Results.Problem(sentence, statusCode: StatusCodes.Status400BadRequest, title: "The request cannot be answered");
}
