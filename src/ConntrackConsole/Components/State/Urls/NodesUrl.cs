namespace ConntrackConsole.Components.State.Urls;

/// <summary>State of the list of nodes, kept in its URL.</summary>
/// <param name="Text">Part of a node's name.</param>
/// <param name="Sort">Id of the column by which it is sorted; null for the order by name.</param>
/// <param name="IsDescending">From the highest value.</param>
internal sealed record NodesUrl(string? Text, string? Sort, bool IsDescending)
{
    public const string Path = "/nodes";

    private const int MaxText = 200;

    /// <summary>Ids of the columns that sort.</summary>
    public static readonly IReadOnlyList<string> Columns = ["name", "collector", "version", "proxy", "sync", "table", "settings", "clock", "gaps"];

    /// <summary>The page of a node.</summary>
    public static string Page(string name) => $"{Path}/{Uri.EscapeDataString(name)}";

    public static NodesUrl Parse(string uri)
    {
        var query = UrlQuery.Of(uri);
        return new NodesUrl(query["q"] is { Length: <= MaxText } text ? text : null, Columns.Contains(query["sort"]) ? query["sort"] : null, query["desc"] == "1");
    }

    public Dictionary<string, object?> ToQuery(bool local) => new()
    {
        ["q"] = Text, ["sort"] = Sort, ["desc"] = IsDescending && Sort is not null ? "1" : null, ["tz"] = local ? "local" : null,
    };

    public bool Shows(string name) => Text is null || name.Contains(Text, StringComparison.OrdinalIgnoreCase);
}
