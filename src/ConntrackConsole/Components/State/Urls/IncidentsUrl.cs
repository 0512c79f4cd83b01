using System.Globalization;

namespace ConntrackConsole.Components.State.Urls;

/// <summary>State of the list of incidents, kept in its URL: the form of a new incident, filled in from a window or a finding.</summary>
/// <param name="IsOpening">The form is shown.</param>
/// <param name="ToMs">Null while the incident lasts.</param>
/// <param name="Finding">Id of the finding; with the window, it is read from stored frames.</param>
internal sealed record IncidentsUrl(bool IsOpening, long? FromMs, long? ToMs, string? Namespace, string? Service, string? Finding)
{
    public const string Path = "/incidents";

    private const int MaxId = 100;

    public static IncidentsUrl Parse(string uri)
    {
        var query = UrlQuery.Of(uri);
        return new IncidentsUrl(
            query["open"] == "1", query.Time("from"), query.Time("to"), query["ns"], query["svc"], query["finding"] is { Length: <= MaxId } finding ? finding : null);
    }

    /// <summary>The form for a window.</summary>
    public static string Open(long fromMs, long toMs, string? ns, string? service) =>
        $"{Path}?open=1&from={Time(fromMs)}&to={Time(toMs)}{Part("ns", ns)}{Part("svc", service)}";

    /// <summary>The form for a finding.</summary>
    /// <param name="window">Of a finding that is read from stored frames; null for one of the last minutes.</param>
    public static string Open(string finding, (long FromMs, long ToMs)? window) =>
        $"{Path}?open=1{Part("finding", finding)}{(window is { } stored ? $"&from={Time(stored.FromMs)}&to={Time(stored.ToMs)}" : "")}";

    public static string Page(string id) => $"{Path}/{Uri.EscapeDataString(id)}";

    private static string Part(string name, string? value) => value is null ? "" : $"&{name}={Uri.EscapeDataString(value)}";

    private static string Time(long ms) => Uri.EscapeDataString(DateTimeOffset.FromUnixTimeMilliseconds(Math.Max(0, ms)).ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture));
}
