using ConntrackConsole.Checks.Model;

namespace ConntrackConsole.Components.State;

/// <summary>The state of the checks page, as its address says it.</summary>
/// <param name="Service">namespace/name, or a bare name in every namespace.</param>
/// <param name="Check">The key of the result whose panel is open.</param>
/// <param name="Open">Sections that are open beside those of what is wrong; null = as it comes.</param>
internal sealed record ChecksUrl(string? Namespace, string? Service, string? Node, string? Check, string? Open)
{
    public static readonly ChecksUrl Everything = new(null, null, null, null, null);

    public bool IsFiltered => Namespace is not null || Service is not null || Node is not null;

    public static ChecksUrl Parse(string uri)
    {
        var query = UrlQuery.Of(uri);
        return new ChecksUrl(query["ns"], query["svc"], query["node"], query["check"], query["open"]);
    }

    public Dictionary<string, object?> ToQuery(bool local) => new()
    {
        ["ns"] = Namespace, ["svc"] = Service, ["node"] = Node, ["check"] = Check, ["open"] = Open, ["tz"] = local ? "local" : null,
    };

    /// <summary>A filter for nodes alone leaves Services out, and the other way round; both together show both.</summary>
    public bool Shows(CheckSubject subject) => subject.Kind switch
    {
        SubjectKind.Node => Node is not null ? subject.Name == Node : Namespace is null && Service is null,
        SubjectKind.Service => (Namespace is not null || Service is not null || Node is null)
            && (Namespace is null || subject.Namespace == Namespace)
            && (Service is null || subject.Name == Service || subject.ToString() == Service),
        _ => !IsFiltered,
    };
}
