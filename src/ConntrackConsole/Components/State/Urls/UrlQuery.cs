using Microsoft.AspNetCore.WebUtilities;

namespace ConntrackConsole.Components.State.Urls;

/// <summary>Query parameters of a URL: null if missing, the first value if repeated.</summary>
internal sealed class UrlQuery
{
    private readonly Dictionary<string, Microsoft.Extensions.Primitives.StringValues> _values;

    private UrlQuery(string uri)
    {
        int mark = uri.IndexOf('?', StringComparison.Ordinal);
        _values = mark < 0 ? [] : QueryHelpers.ParseQuery(uri[mark..].Split('#')[0]);
    }

    public static UrlQuery Of(string uri) => new(uri);

    public string? this[string name] => _values.TryGetValue(name, out var value) && !string.IsNullOrWhiteSpace(value[0]) ? value[0] : null;

    /// <summary>It is there, with any value or none.</summary>
    public bool Has(string name) => _values.ContainsKey(name);

    public long? Time(string name) =>
        DateTimeOffset.TryParse(this[name], System.Globalization.CultureInfo.InvariantCulture, System.Globalization.DateTimeStyles.AssumeUniversal, out var at)
            ? at.ToUnixTimeMilliseconds()
            : null;
}
