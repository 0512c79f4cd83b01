using System.Globalization;

namespace ConntrackConsole.Incidents.Export;

/// <summary>Times and lengths that all forms write alike.</summary>
internal static class ExportText
{
    public static string Time(long ms) => DateTimeOffset.FromUnixTimeMilliseconds(ms).ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    public static string? Time(long? ms) => ms is { } at ? Time(at) : null;

    /// <summary>For people: to the second.</summary>
    public static string Clock(long ms) => DateTimeOffset.FromUnixTimeMilliseconds(ms).ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);

    public static string Window(ExportDocument incident)
    {
        ArgumentNullException.ThrowIfNull(incident);
        return $"{Clock(incident.FromMs)} – {Clock(incident.ToMs)}{(incident.IsOver ? "" : " (lasts)")}, {Length(incident.ToMs - incident.FromMs)}";
    }

    private static string Length(long ms)
    {
        var length = TimeSpan.FromMilliseconds(ms);
        return length.TotalHours >= 1 ? string.Create(CultureInfo.InvariantCulture, $"{(int)length.TotalHours} h {length.Minutes} min")
            : length.TotalMinutes >= 1 ? string.Create(CultureInfo.InvariantCulture, $"{length.Minutes} min {length.Seconds} s")
            : string.Create(CultureInfo.InvariantCulture, $"{length.Seconds} s");
    }
}
