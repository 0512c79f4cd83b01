using System.Globalization;

namespace ConntrackConsole.Components.State.Urls;

/// <summary>State of the list of rollouts, kept in its URL. Values that cannot be parsed are ignored.</summary>
/// <param name="Range">A name of <see cref="Ranges"/>: the window ends now. Null with <paramref name="FromMs"/> and <paramref name="ToMs"/>.</param>
/// <param name="Verdict">One of <see cref="Verdicts"/>; null for all.</param>
internal sealed record RolloutsUrl(string? Range, long? FromMs, long? ToMs, string? Namespace, string? Workload, string? Verdict)
{
    public const string Path = "/rollouts";

    public static readonly (string Name, long Ms)[] Ranges = [("1h", 3_600_000), ("24h", 86_400_000), ("7d", 7 * 86_400_000L), ("30d", 30 * 86_400_000L)];

    public static readonly string[] Verdicts = ["over", "insufficient", "within", "unmeasured"];

    public static readonly RolloutsUrl Default = new("24h", null, null, null, null, null);

    public bool IsFiltered => Namespace is not null || Workload is not null || Verdict is not null;

    /// <summary>The page of one rollout.</summary>
    // Its id has a slash, which separates segments of the path.
    public static string Page(string id) => $"{Path}/{string.Join('/', id.Split('/').Select(Uri.EscapeDataString))}";

    public static RolloutsUrl Parse(string uri)
    {
        var query = UrlQuery.Of(uri);
        var (from, to) = query.Time("from") is { } a && query.Time("to") is { } b && b > a ? ((long?)a, (long?)b) : (null, null);
        string? range = from is not null ? null : Ranges.Any(one => one.Name == query["range"]) ? query["range"] : Default.Range;
        return new RolloutsUrl(range, from, to, query["ns"], query["workload"], Verdicts.Contains(query["verdict"]) ? query["verdict"] : null);
    }

    public Dictionary<string, object?> ToQuery(bool local) => new()
    {
        ["range"] = Range == Default.Range ? null : Range, ["from"] = Time(FromMs), ["to"] = Time(ToMs), ["ns"] = Namespace, ["workload"] = Workload, ["verdict"] = Verdict,
        ["tz"] = local ? "local" : null,
    };

    public (long FromMs, long ToMs) Window(long nowMs) =>
        FromMs is { } from && ToMs is { } to ? (from, to) : (nowMs - Ranges.First(one => one.Name == Range).Ms, nowMs);

    private static string? Time(long? ms) =>
        ms is { } at ? DateTimeOffset.FromUnixTimeMilliseconds(at).ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture) : null;
}
