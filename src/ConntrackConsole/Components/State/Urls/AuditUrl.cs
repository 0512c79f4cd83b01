using System.Globalization;
using ConntrackConsole.Audit;

namespace ConntrackConsole.Components.State.Urls;

/// <summary>Filters of the audit page, kept in its URL.</summary>
/// <param name="BeforeId">Only rows older than this one.</param>
public sealed record AuditUrl(
    string? Who = null, string? What = null, string? Target = null, string? ActionId = null, long? FromMs = null, long? ToMs = null, long? BeforeId = null)
{
    public static readonly AuditUrl Everything = new();

    public static AuditUrl Parse(string uri)
    {
        var query = UrlQuery.Of(uri);
        long? before = long.TryParse(query["before"], NumberStyles.None, CultureInfo.InvariantCulture, out long id) && id > 0 ? id : null;
        return new AuditUrl(query["who"], query["what"], query["target"], query["action"], query.Time("from"), query.Time("to"), before);
    }

    public Dictionary<string, object?> ToQuery(bool local) => new()
    {
        ["who"] = Who, ["what"] = What, ["target"] = Target, ["action"] = ActionId, ["from"] = Time(FromMs), ["to"] = Time(ToMs),
        ["before"] = BeforeId?.ToString(CultureInfo.InvariantCulture), ["tz"] = local ? "local" : null,
    };

    public AuditFilter ToFilter(int limit) => new(At(FromMs), At(ToMs), Who, What, Target, ActionId, limit, BeforeId);

    /// <summary>API path that exports all rows of these filters, not only this page.</summary>
    public string Export(string format) => "/api/v1/audit?" + string.Join('&', ToQuery(false)
        .Where(q => q is { Key: not "before", Value: string }).Append(new("format", format))
        .Select(q => $"{q.Key}={Uri.EscapeDataString((string)q.Value!)}"));

    private static string? Time(long? ms) => At(ms)?.ToString("yyyy-MM-dd'T'HH:mm:ss.FFF'Z'", CultureInfo.InvariantCulture);

    private static DateTimeOffset? At(long? ms) => ms is { } at ? DateTimeOffset.FromUnixTimeMilliseconds(at) : null;
}
