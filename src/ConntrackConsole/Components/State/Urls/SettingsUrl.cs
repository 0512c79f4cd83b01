namespace ConntrackConsole.Components.State.Urls;

/// <summary>Filters of the configuration page, kept in its URL.</summary>
/// <param name="Text">Part of a key or of its meaning.</param>
/// <param name="Show">One of <see cref="Choices"/>; null for all keys.</param>
internal sealed record SettingsUrl(string? Text, string? Show)
{
    public const string Path = "/settings";

    public static readonly SettingsUrl Default = new(null, null);

    public static readonly string[] Choices = ["set", "changed", "invalid"];

    public static SettingsUrl Parse(string uri)
    {
        var query = UrlQuery.Of(uri);
        return new SettingsUrl(query["q"], Choices.Contains(query["show"]) ? query["show"] : null);
    }

    public Dictionary<string, object?> ToQuery(bool local) => new() { ["q"] = Text, ["show"] = Show, ["tz"] = local ? "local" : null };
}
