using System.Globalization;

namespace ConntrackConsole.Components.State.Urls;

/// <summary>State of the list of pods, kept in its URL. Values that cannot be parsed are ignored.</summary>
/// <param name="Range">A name of <see cref="Ranges"/>: the window ends now. Null with <paramref name="FromMs"/> and <paramref name="ToMs"/>.</param>
/// <param name="State">One of <see cref="States"/>; null for all.</param>
/// <param name="Text">Part of a pod's name, workload or address.</param>
internal sealed record PodsUrl(string? Range, long? FromMs, long? ToMs, string? Namespace, string? Node, string? State, string? Text)
{
    public const string Path = "/pods";

    public static readonly (string Name, long Ms)[] Ranges = [("5m", 300_000), ("15m", 900_000), ("1h", 3_600_000), ("24h", 86_400_000)];

    public static readonly string[] States = ["stale", "live", "terminating", "terminated", "flushed"];

    public static readonly PodsUrl Default = new("15m", null, null, null, null, null, null);

    /// <summary>The list's own order: those that terminate or terminated first.</summary>
    public ListSort Sort { get; init; } = ListSort.Own;

    /// <summary>The window follows the clock.</summary>
    public bool IsLive => Range is not null;

    public bool IsFiltered => Namespace is not null || Node is not null || State is not null || Text is not null;

    /// <summary>The pods of a window.</summary>
    public static string Page(long fromMs, long toMs, string? ns, string? text) =>
        $"{Path}?from={Uri.EscapeDataString(Time(fromMs)!)}&to={Uri.EscapeDataString(Time(toMs)!)}{Part("ns", ns)}{Part("q", text)}";

    public static PodsUrl Parse(string uri)
    {
        var query = UrlQuery.Of(uri);
        var (from, to) = query.Time("from") is { } a && query.Time("to") is { } b && b > a ? ((long?)a, (long?)b) : (null, null);
        string? range = from is not null ? null : Ranges.Any(one => one.Name == query["range"]) ? query["range"] : Default.Range;
        return new PodsUrl(range, from, to, query["ns"], query["node"], States.Contains(query["state"]) ? query["state"] : null, query["q"]) { Sort = ListSort.Parse(query) };
    }

    public Dictionary<string, object?> ToQuery(bool local) => new()
    {
        ["range"] = Range == Default.Range ? null : Range, ["from"] = Time(FromMs), ["to"] = Time(ToMs), ["ns"] = Namespace, ["node"] = Node, ["state"] = State, ["q"] = Text,
        ["sort"] = Sort.ToQuery().Sort, ["desc"] = Sort.ToQuery().Desc, ["tz"] = local ? "local" : null,
    };

    public (long FromMs, long ToMs) Window(long nowMs) =>
        FromMs is { } from && ToMs is { } to ? (from, to) : (nowMs - Ranges.First(one => one.Name == Range).Ms, nowMs);

    private static string Part(string name, string? value) => value is null ? "" : $"&{name}={Uri.EscapeDataString(value)}";

    private static string? Time(long? ms) =>
        ms is { } at ? DateTimeOffset.FromUnixTimeMilliseconds(at).ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture) : null;
}
