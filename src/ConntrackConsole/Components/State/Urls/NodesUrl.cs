namespace ConntrackConsole.Components.State.Urls;

/// <summary>State of the list of nodes, kept in its URL.</summary>
/// <param name="Text">Part of a node's name.</param>
/// <param name="Sort">Its own order is by name.</param>
internal sealed record NodesUrl(string? Text, ListSort Sort)
{
    public const string Path = "/nodes";

    private const int MaxText = 200;

    /// <summary>The page of a node.</summary>
    public static string Page(string name) => $"{Path}/{Uri.EscapeDataString(name)}";

    public static NodesUrl Parse(string uri)
    {
        var query = UrlQuery.Of(uri);
        return new NodesUrl(query["q"] is { Length: <= MaxText } text ? text : null, ListSort.Parse(query));
    }

    public Dictionary<string, object?> ToQuery(bool local) => new()
    {
        ["q"] = Text, ["sort"] = Sort.ToQuery().Sort, ["desc"] = Sort.ToQuery().Desc, ["tz"] = local ? "local" : null,
    };

    public bool Shows(string name) => Text is null || name.Contains(Text, StringComparison.OrdinalIgnoreCase);
}
