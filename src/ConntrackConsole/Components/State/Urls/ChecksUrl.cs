using ConntrackConsole.Checks.Model;

namespace ConntrackConsole.Components.State.Urls;

/// <summary>State of the checks page, kept in its URL.</summary>
/// <param name="Service">namespace/name, or a name in any namespace.</param>
/// <param name="Check">Key of the result in the panel.</param>
/// <param name="Open">Expanded sections besides Bad and Warning; null for the default.</param>
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

    /// <summary>A node filter hides Services and a Service filter hides nodes; both together show both.</summary>
    public bool Shows(CheckSubject subject) => subject.Kind switch
    {
        SubjectKind.Node => Node is not null ? subject.Name == Node : Namespace is null && Service is null,
        SubjectKind.Service => (Namespace is not null || Service is not null || Node is null)
            && (Namespace is null || subject.Namespace == Namespace)
            && (Service is null || subject.Name == Service || subject.ToString() == Service),
        _ => !IsFiltered,
    };
}
