using System.Globalization;
using ConntrackConsole.Components.State.Urls;
using ConntrackConsole.Inventory;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Components.State;

/// <summary>State of the list of resets, kept in its URL. Its window is that of the live page; values that cannot be parsed are ignored.</summary>
/// <param name="ToMs">End of a fixed window; null if live.</param>
/// <param name="Service">Name, or namespace/name.</param>
/// <param name="Text">Part of an address with its port, or of the name of a pod, workload or Service.</param>
internal sealed record ResetsState(long RangeMs, long? ToMs, string? Namespace, string? Service, string? Node, ResetKind? Kind, string? Text)
{
    public const string Path = "/resets";

    private const int MaxText = 200;

    /// <summary>The list's own order is from the newest.</summary>
    public ListSort Sort { get; init; } = ListSort.Own;

    public bool Live => ToMs is null;

    public TimeWindow Window => new(RangeMs, ToMs);

    public ResetsState In(TimeWindow window) => this with { RangeMs = window.RangeMs, ToMs = window.ToMs };

    public bool IsFiltered => Namespace is not null || Service is not null || Node is not null || Kind is not null || Text is not null;

    /// <summary>The list with some filters, live.</summary>
    public static string Page(string? ns = null, string? service = null, string? node = null, ResetKind? kind = null)
    {
        var parts = new (string Name, string? Value)[] { ("ns", ns), ("svc", service), ("node", node), ("kind", kind is { } of ? ResetKindName.Of(of) : null) }
            .Where(part => part.Value is not null).Select(part => $"{part.Name}={Uri.EscapeDataString(part.Value!)}");
        return string.Join('?', new[] { Path, string.Join('&', parts) }.Where(part => part.Length > 0));
    }

    public static ResetsState Parse(string uri, long nowMs)
    {
        var (query, window) = (UrlQuery.Of(uri), LiveState.Parse(uri, nowMs));
        return new ResetsState(window.RangeMs, window.ToMs, Name(query["ns"]), Name(query["svc"]), Name(query["node"]), ResetKindName.Find(query["kind"]), Name(query["q"])) { Sort = ListSort.Parse(query) };
    }

    public Dictionary<string, object?> ToQuery(bool local) => new()
    {
        ["range"] = Live ? LiveState.Presets.FirstOrDefault(preset => preset.Ms == RangeMs).Name : null,
        ["live"] = Live ? null : "0",
        ["from"] = ToMs is { } end ? Time(end - RangeMs) : null,
        ["to"] = ToMs is { } to ? Time(to) : null,
        ["ns"] = Namespace, ["svc"] = Service, ["node"] = Node, ["kind"] = Kind is { } kind ? ResetKindName.Of(kind) : null, ["q"] = Text,
        ["sort"] = Sort.ToQuery().Sort, ["desc"] = Sort.ToQuery().Desc, ["tz"] = local ? "local" : null,
    };

    public ResetsState Cleared() => this with { Namespace = null, Service = null, Node = null, Kind = null, Text = null };

    public ResetQuery ToQuestion(long nowMs, int limit)
    {
        long toMs = ToMs ?? nowMs;
        return new ResetQuery(toMs - RangeMs, Live ? long.MaxValue : toMs, limit) { Namespace = Namespace, Service = Service, Node = Node, Kind = Kind, Text = Text };
    }

    private static string? Name(string? value) => value is { Length: <= MaxText } ? value : null;

    private static string Time(long ms) => DateTimeOffset.FromUnixTimeMilliseconds(ms).ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
}
