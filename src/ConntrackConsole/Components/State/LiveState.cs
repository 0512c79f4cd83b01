using ConntrackConsole.Components.State.Urls;
using ConntrackConsole.Kernel.Net;

namespace ConntrackConsole.Components.State;

/// <summary>
/// State of the live page, kept in its URL: a copied link opens the same view. Values that cannot be parsed are
/// ignored, so that a link from a newer version still opens.
/// </summary>
/// <param name="Pod">IP address of the pod in the panel.</param>
/// <param name="Uid">UID of that pod if it was selected by its termination: its address may have had several owners.</param>
/// <param name="Rollout">Id of the rollout by which pods are filtered.</param>
/// <param name="AllLanes">Lanes of all Services, not only of the first ones.</param>
/// <param name="ToMs">End of a paused view; null if live.</param>
internal sealed record LiveState(long RangeMs, long? ToMs, string? Pod, string? Uid, string? Rollout, string? Namespace, string? Service, string? Node, bool AllLanes, bool Local)
{
    public const long MinRangeMs = 10_000;
    public const long MaxRangeMs = 92 * 24 * 3_600_000L;

    public static readonly (string Name, long Ms)[] Presets = [("5m", 300_000), ("15m", 900_000), ("1h", 3_600_000), ("6h", 21_600_000), ("24h", 86_400_000)];

    private const string AllServices = "all";

    /// <summary>The lanes of the chart.</summary>
    public LaneChoice Lanes { get; init; } = LaneChoice.Default;

    /// <summary>The timeline as a table instead of the chart.</summary>
    public bool IsTable { get; init; }

    /// <summary>For a screen on a wall: only what is to be seen from afar.</summary>
    public bool IsKiosk { get; init; }

    public bool Live => ToMs is null;

    public TimeWindow Window => new(RangeMs, ToMs);

    public bool HasPod => Pod is not null || Uid is not null;

    /// <param name="fixedTo">The window of an incident file, which is what is shown without another one: nothing is live.</param>
    public static LiveState Parse(string uri, long nowMs, (long FromMs, long ToMs)? fixedTo = null)
    {
        var query = UrlQuery.Of(uri);
        long range = Presets.FirstOrDefault(preset => preset.Name == query["range"]).Ms;
        if (range == 0)
            range = Presets[0].Ms;
        long? to = query["live"] == "0" ? nowMs : null;
        if (query.Time("from") is { } from && query.Time("to") is { } end && end > from)
            (range, to) = (Math.Clamp(end - from, MinRangeMs, MaxRangeMs), end);
        else if (fixedTo is { } window)
            (range, to) = (Math.Clamp(window.ToMs - window.FromMs, MinRangeMs, MaxRangeMs), window.ToMs);
        string? pod = Ip.TryParse(query["pod"], out _) ? query["pod"] : null;
        return new LiveState(range, to, pod, Name(query["uid"]), Name(query["rollout"]), query["ns"], query["svc"], query["node"], AllLanesOf(query["lanes"]), query["tz"] == "local")
        {
            Lanes = LaneChoice.Parse(string.Join(',', LanesOf(query["lanes"]).Where(name => name != AllServices))),
            IsTable = query["view"] == "table",
            IsKiosk = HasKiosk(query),
        };
    }

    /// <summary>The query of this state; parameters with the value null are removed from the URL.</summary>
    public Dictionary<string, object?> ToQuery() => new()
    {
        ["range"] = Live ? Presets.FirstOrDefault(preset => preset.Ms == RangeMs).Name : null,
        ["live"] = Live ? null : "0",
        ["from"] = ToMs is { } end ? Rfc3339(end - RangeMs) : null,
        ["to"] = ToMs is { } to ? Rfc3339(to) : null,
        ["pod"] = Pod,
        ["uid"] = Uid,
        ["rollout"] = Rollout,
        ["ns"] = Namespace,
        ["svc"] = Service,
        ["node"] = Node,
        ["lanes"] = string.Join(',', ((string[])[AllLanes ? AllServices : "", Lanes.Text]).Where(part => part.Length > 0)) is { Length: > 0 } lanes ? lanes : null,
        ["view"] = IsTable ? "table" : null,
        ["kiosk"] = IsKiosk ? "1" : null,
        ["tz"] = Local ? "local" : null,
    };

    /// <summary>The page is for a screen on a wall.</summary>
    public static bool HasKiosk(UrlQuery query) => query.Has("kiosk") && query["kiosk"] != "0";

    /// <summary>The URL of this state.</summary>
    public string ToUrl() => "/?" + string.Join('&', ToQuery().Where(part => part.Value is string).Select(part => $"{part.Key}={Uri.EscapeDataString((string)part.Value!)}"));

    public LiveState Paused(long nowMs) => Live ? this with { ToMs = nowMs } : this;

    public LiveState Between(long fromMs, long toMs) => In(TimeWindow.Between(fromMs, toMs));

    public LiveState Resumed() => In(Window.Resumed());

    private LiveState In(TimeWindow window) => this with { RangeMs = window.RangeMs, ToMs = window.ToMs };

    private static string[] LanesOf(string? lanes) => (lanes ?? "").Split(',', StringSplitOptions.TrimEntries);

    private static bool AllLanesOf(string? lanes) => LanesOf(lanes).Contains(AllServices);

    // A UID, or a workload's UID with a revision; anything else is ignored.
    private static string? Name(string? value) =>
        value is { Length: <= 320 } && value.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '/' or '.' or '_') ? value : null;

    private static string Rfc3339(long ms) => DateTimeOffset.FromUnixTimeMilliseconds(ms).ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", System.Globalization.CultureInfo.InvariantCulture);
}
