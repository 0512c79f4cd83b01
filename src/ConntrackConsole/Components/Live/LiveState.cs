using ConntrackConsole.Components.Shared;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Components.Live;

/// <summary>
/// What the live page shows, as its address says it: a copied link gives the same view. What cannot be read in an
/// address is left out, not refused: a link from a newer version still opens.
/// </summary>
/// <param name="ToMs">Where the view stands still; null = live.</param>
public sealed record LiveState(long RangeMs, long? ToMs, string? Pod, string? Namespace, string? Service, string? Node, bool AllLanes, bool Local)
{
    public const long ShortestMs = 10_000;
    public const long LongestMs = 24 * 3_600_000L;

    public static readonly (string Name, long Ms)[] Presets = [("5m", 300_000), ("15m", 900_000), ("1h", 3_600_000)];

    public bool Live => ToMs is null;

    public static LiveState Parse(string uri, long nowMs)
    {
        var query = UrlQuery.Of(uri);
        long range = Presets.FirstOrDefault(preset => preset.Name == query["range"]).Ms;
        if (range == 0)
            range = Presets[0].Ms;
        long? to = query["live"] == "0" ? nowMs : null;
        if (query.Time("from") is { } from && query.Time("to") is { } end && end > from)
            (range, to) = (Math.Clamp(end - from, ShortestMs, LongestMs), end);
        string? pod = Ip.TryParse(query["pod"], out _) ? query["pod"] : null;
        return new LiveState(range, to, pod, query["ns"], query["svc"], query["node"], query["lanes"] == "all", query["tz"] == "local");
    }

    /// <summary>The query of this state; names with the value null are taken out of an address.</summary>
    public Dictionary<string, object?> ToQuery() => new()
    {
        ["range"] = Live ? Presets.FirstOrDefault(preset => preset.Ms == RangeMs).Name : null,
        ["live"] = Live ? null : "0",
        ["from"] = ToMs is { } end ? Rfc3339(end - RangeMs) : null,
        ["to"] = ToMs is { } to ? Rfc3339(to) : null,
        ["pod"] = Pod,
        ["ns"] = Namespace,
        ["svc"] = Service,
        ["node"] = Node,
        ["lanes"] = AllLanes ? "all" : null,
        ["tz"] = Local ? "local" : null,
    };

    public LiveState Paused(long nowMs) => Live ? this with { ToMs = nowMs } : this;

    public LiveState Between(long fromMs, long toMs)
    {
        long range = Math.Clamp(toMs - fromMs, ShortestMs, LongestMs);
        return this with { RangeMs = range, ToMs = (fromMs + toMs + range) / 2 };
    }

    /// <summary>A live view goes on from one of the presets: the next that is not shorter.</summary>
    public LiveState Resumed() => this with
    {
        ToMs = null,
        RangeMs = Presets.Where(preset => preset.Ms >= RangeMs).Select(preset => preset.Ms).DefaultIfEmpty(Presets[^1].Ms).First(),
    };

    private static string Rfc3339(long ms) => DateTimeOffset.FromUnixTimeMilliseconds(ms).ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", System.Globalization.CultureInfo.InvariantCulture);
}
