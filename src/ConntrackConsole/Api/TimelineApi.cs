using System.Globalization;
using ConntrackConsole.Timeline;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Api;

/// <summary>GET timeline: a window of the past or the present, reduced to columns.</summary>
public static class TimelineApi
{
    private const int UsualColumns = 1_000;
    private static readonly TimeSpan UsualWidth = TimeSpan.FromMinutes(15);

    public static void MapTimeline(this RouteGroupBuilder api) =>
        api.MapGet("/timeline", async (HttpContext context, TimelineHistory history, TimeProvider time) =>
        {
            if (!TryParse(context.Request.Query, time.GetUtcNow(), out var query, out string? fault))
            {
                await Results.Problem(fault, statusCode: StatusCodes.Status400BadRequest, title: "This window cannot be asked for").ExecuteAsync(context);
                return;
            }

            var view = await history.QueryAsync(query!, context.RequestAborted);
            context.Response.ContentType = "application/json";
            context.Response.Headers.CacheControl = "no-store";
            await TimelineJson.WriteAsync(view, context.Response.BodyWriter, context.RequestAborted);
        });

    /// <summary>Reads from, to, step or columns, namespace, service and node.</summary>
    public static bool TryParse(IQueryCollection asked, DateTimeOffset now, out TimelineQuery? query, out string? fault)
    {
        ArgumentNullException.ThrowIfNull(asked);
        query = null;
        fault = null;
        foreach (string key in asked.Keys)
        {
            if (key is not ("from" or "to" or "step" or "columns" or "namespace" or "service" or "node"))
                fault ??= $"'{TextSummary.Truncate(key, 80)}' is no parameter of the timeline: use from, to, step or columns, namespace, service, node.";
            else if (asked[key].Count > 1)
                fault ??= $"{key} is given {asked[key].Count} times: give it once.";
        }

        var to = Time(asked, "to", now, ref fault);
        var from = Time(asked, "from", to - UsualWidth > DateTimeOffset.UnixEpoch ? to - UsualWidth : DateTimeOffset.UnixEpoch, ref fault);
        if (fault is null && from >= to)
            fault = "from is not before to: turn them round.";
        if (fault is null && from < DateTimeOffset.UnixEpoch)
            fault = "from is before 1970: ask for a later window.";
        long widthMs = Math.Max(1, (long)(to - from).TotalMilliseconds);
        int columns = Columns(asked, widthMs, ref fault);
        if (fault is not null)
            return false;
        long fromMs = from.ToUnixTimeMilliseconds();
        long toMs = to.ToUnixTimeMilliseconds();
        // A step is kept exactly: the window's end gives way.
        if (Step(asked, ref fault) is { } stepMs)
            toMs = fromMs + (stepMs * columns);
        query = new TimelineQuery(fromMs, toMs, columns, Text(asked, "namespace"), Text(asked, "service"), Text(asked, "node"));
        return true;
    }

    private static int Columns(IQueryCollection asked, long widthMs, ref string? fault)
    {
        if (Text(asked, "columns") is { } text)
        {
            if (Text(asked, "step") is not null)
                fault ??= "step and columns say the same in two ways: give one of them.";
            if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int columns) && columns is >= 1 and <= TimelineQuery.MaxColumns)
                return columns;
            fault ??= $"columns is '{TextSummary.Truncate(text, 80)}': give a whole number from 1 to {TimelineQuery.MaxColumns}.";
            return 1;
        }

        if (Step(asked, ref fault) is not { } stepMs)
            return UsualColumns;
        long count = (widthMs + stepMs - 1) / stepMs;
        if (count <= TimelineQuery.MaxColumns)
            return (int)count;
        long least = (widthMs + TimelineQuery.MaxColumns - 1) / TimelineQuery.MaxColumns;
        fault ??= $"A step of {Text(asked, "step")} makes {count} columns of this window, more than {TimelineQuery.MaxColumns}: take a step of {(least + 999) / 1000}s or more, or a shorter window.";
        return 1;
    }

    private static long? Step(IQueryCollection asked, ref string? fault)
    {
        if (Text(asked, "step") is not { } text)
            return null;
        long unit = text[^1] switch { 'h' => 3_600_000, 'm' => 60_000, _ => 1_000 };
        string number = char.IsAsciiDigit(text[^1]) ? text : text[^1] is 's' or 'm' or 'h' ? text[..^1] : "";
        if (int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out int count) && count >= 1 && count * unit <= 366L * 24 * 3_600_000)
            return count * unit;
        fault ??= $"step is '{TextSummary.Truncate(text, 80)}': give seconds, or a whole number with s, m or h, such as 10s.";
        return null;
    }

    private static DateTimeOffset Time(IQueryCollection asked, string key, DateTimeOffset usual, ref string? fault)
    {
        if (Text(asked, key) is not { } text)
            return usual;
        // A '+' of an offset that was not escaped arrives as a blank.
        if (DateTimeOffset.TryParseExact(
            text.Replace(' ', '+'),
            ["yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK", "yyyy-MM-dd't'HH:mm:ssK"], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at))
        {
            return at;
        }

        fault ??= $"{key} is '{TextSummary.Truncate(text, 80)}': give a time as RFC 3339 has it, such as 2026-05-04T10:30:00Z.";
        return usual;
    }

    private static string? Text(IQueryCollection asked, string key) =>
        asked.TryGetValue(key, out var value) && value.Count > 0 && !string.IsNullOrEmpty(value[0]) ? value[0] : null;

}
