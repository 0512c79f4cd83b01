using ConntrackConsole.Components.Shared;

namespace ConntrackConsole.Components.Audit;

/// <summary>The filters of the audit page, as its address says them.</summary>
public sealed record AuditUrl(string? What, string? Target, string? ActionId)
{
    public static readonly AuditUrl Everything = new(null, null, null);

    public static AuditUrl Parse(string uri)
    {
        var query = UrlQuery.Of(uri);
        return new AuditUrl(query["what"], query["target"], query["action"]);
    }

    public Dictionary<string, object?> ToQuery(bool local) => new()
    {
        ["what"] = What, ["target"] = Target, ["action"] = ActionId, ["tz"] = local ? "local" : null,
    };
}
