namespace ConntrackConsole.Components.State.Urls;

/// <summary>State of the list of Services, kept in its URL.</summary>
/// <param name="Text">Part of a Service's name or of one of its addresses.</param>
internal sealed record ServicesUrl(string? Namespace, string? Text)
{
    public const string Path = "/services";

    public static readonly ServicesUrl Everything = new(null, null);

    private const int MaxText = 200;

    public bool IsFiltered => Namespace is not null || Text is not null;

    /// <summary>The page of a Service.</summary>
    public static string Page(string ns, string name) => $"{Path}/{Uri.EscapeDataString(ns)}/{Uri.EscapeDataString(name)}";

    public static ServicesUrl Parse(string uri)
    {
        var query = UrlQuery.Of(uri);
        return new ServicesUrl(query["ns"] is { Length: <= MaxText } ns ? ns : null, query["q"] is { Length: <= MaxText } text ? text : null);
    }

    public Dictionary<string, object?> ToQuery(bool local) => new() { ["ns"] = Namespace, ["q"] = Text, ["tz"] = local ? "local" : null };

    /// <param name="addresses">Its virtual addresses.</param>
    public bool Shows(string ns, string name, IEnumerable<string> addresses) =>
        (Namespace is null || ns == Namespace)
        && (Text is null || $"{ns}/{name}".Contains(Text, StringComparison.OrdinalIgnoreCase) || addresses.Any(address => address.Contains(Text, StringComparison.OrdinalIgnoreCase)));
}
