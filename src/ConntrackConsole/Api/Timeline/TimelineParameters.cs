using System.ComponentModel;
using System.Globalization;
using ConntrackConsole.Api.Query;
using ConntrackConsole.Timeline.Model;
using Microsoft.AspNetCore.Mvc;

namespace ConntrackConsole.Api.Timeline;

/// <summary>A window of the timeline, reduced to columns.</summary>
internal sealed class TimelineParameters
{
    private const int DefaultColumns = 1_000;
    private const int MaxLanes = 4_096;
    private const long MaxStepMs = 366L * 24 * 3_600_000;
    private static readonly TimeSpan DefaultWidth = TimeSpan.FromMinutes(15);

    [FromQuery(Name = "from"), Description("Start of the window, RFC 3339; absent: 15 minutes before its end.")]
    public string? From { get; init; }

    [FromQuery(Name = "to"), Description("End of the window, RFC 3339; absent: the end of this second.")]
    public string? To { get; init; }

    [FromQuery(Name = "step"), Description("Width of a column, such as 1s, 10s or 5m. It is exact; the end of the window is adjusted.")]
    public string? Step { get; init; }

    [FromQuery(Name = "columns"), Description("Number of columns instead of a step, 1 to 4096; absent: 1000.")]
    public string? Columns { get; init; }

    [FromQuery(Name = "namespace"), Description("Only Services of this namespace.")]
    public string? Namespace { get; init; }

    [FromQuery(Name = "service"), Description("Only this Service, by name.")]
    public string? Service { get; init; }

    [FromQuery(Name = "node"), Description("Only what this node observed.")]
    public string? Node { get; init; }

    [FromQuery(Name = "backends"), Description("Of which lanes the backends are returned: 'all', 'none', or of how many, those with stale entries first, 1 to 4096. Of the others only the sum. Absent: all with 'service', otherwise none.")]
    public string? Backends { get; init; }

    /// <summary>The query; not usable if the reader has a problem.</summary>
    public TimelineQuery Read(QueryReader reader, DateTimeOffset now)
    {
        // Whole seconds: who asks within the same second asks for the same window, which is computed once.
        var to = reader.Time("to", To) ?? DateTimeOffset.FromUnixTimeSeconds(now.AddMilliseconds(999).ToUnixTimeSeconds());
        var from = reader.Time("from", From) ?? (to - DefaultWidth > DateTimeOffset.UnixEpoch ? to - DefaultWidth : DateTimeOffset.UnixEpoch);
        reader.RequireOrder(from, to, mayBeEmpty: false);
        if (from < DateTimeOffset.UnixEpoch)
            reader.Fail(QueryErrorCodes.TooEarly, "'from' is before 1970: request a later window.");
        long? stepMs = ReadStep(reader);
        int columns = ReadColumns(reader, stepMs, Math.Max(1, (long)(to - from).TotalMilliseconds));
        long fromMs = from.ToUnixTimeMilliseconds();
        long toMs = stepMs is { } step ? fromMs + (step * columns) : to.ToUnixTimeMilliseconds();
        return new TimelineQuery(fromMs, toMs, columns, QueryReader.Text(Namespace), QueryReader.Text(Service), QueryReader.Text(Node), ReadLanes(reader));
    }

    private int? ReadLanes(QueryReader reader) => QueryReader.Text(Backends) switch
    {
        null => QueryReader.Text(Service) is null ? 0 : null,
        "all" => null,
        "none" => 0,
        _ => reader.Integer("backends", Backends, 1, MaxLanes),
    };

    private int ReadColumns(QueryReader reader, long? stepMs, long widthMs)
    {
        if (QueryReader.Text(Columns) is not null)
        {
            if (QueryReader.Text(Step) is not null)
                reader.Fail(QueryErrorCodes.Conflict, "'step' and 'columns' are mutually exclusive: use one of them.");
            return reader.Integer("columns", Columns, 1, TimelineQuery.MaxColumns) ?? 1;
        }

        if (stepMs is not { } step)
            return DefaultColumns;
        long count = (widthMs + step - 1) / step;
        if (count <= TimelineQuery.MaxColumns)
            return (int)count;
        long minMs = (widthMs + TimelineQuery.MaxColumns - 1) / TimelineQuery.MaxColumns;
        reader.Fail(
            QueryErrorCodes.TooManyColumns,
            $"A step of {Step} divides this window into {count} columns, more than the maximum of {TimelineQuery.MaxColumns}: use a step of {(minMs + 999) / 1000}s or more, or a shorter window.");
        return 1;
    }

    private long? ReadStep(QueryReader reader)
    {
        if (QueryReader.Text(Step) is not { } text)
            return null;
        long unit = text[^1] switch { 'h' => 3_600_000, 'm' => 60_000, _ => 1_000 };
        string number = text[^1] is 's' or 'm' or 'h' ? text[..^1] : text;
        if (int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out int count) && count >= 1 && count * unit <= MaxStepMs)
            return count * unit;
        reader.Fail(QueryErrorCodes.InvalidStep, $"'step' is not a duration: {QueryReader.Shorten(text)}. Use seconds, or a whole number with s, m or h, such as 10s.");
        return null;
    }
}
