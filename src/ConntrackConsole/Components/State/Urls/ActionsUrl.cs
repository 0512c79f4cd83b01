using ConntrackConsole.Actions.Workflow;
using ConntrackConsole.Components.Text;

namespace ConntrackConsole.Components.State.Urls;

/// <summary>State of the actions page, kept in its URL.</summary>
/// <param name="Action">Id of the action in the panel.</param>
/// <param name="State">A name of <see cref="ActionStates.Groups"/>.</param>
/// <param name="Kind">flush or setting.</param>
/// <param name="Target">Part of the pod's address or the setting's name.</param>
/// <param name="Who">Part of the name of the requester or approver.</param>
/// <param name="IncludePreviews">Includes previews that were not confirmed.</param>
internal sealed record ActionsUrl(string? Action, string? State, string? Kind, string? Target, string? Who, bool IncludePreviews)
{
    public static readonly ActionsUrl Everything = new(null, null, null, null, null, false);

    /// <summary>Name of a node that received, or would receive, a command; null for all.</summary>
    public string? Node { get; init; }

    /// <summary>The page with the actions on a node.</summary>
    public static string OfNode(string node) => $"/actions?node={Uri.EscapeDataString(node)}";

    /// <summary>The page with this action in its panel.</summary>
    public static string Page(string id) => $"/actions?action={Uri.EscapeDataString(id)}";

    public bool IsFiltered => State is not null || Kind is not null || Target is not null || Who is not null || Node is not null;

    public static ActionsUrl Parse(string uri)
    {
        var query = UrlQuery.Of(uri);
        return new ActionsUrl(
            query["action"] is { Length: <= 100 } action ? action : null,
            ActionStates.Groups.Any(group => group.Id == query["state"]) ? query["state"] : null,
            query["kind"] is "flush" or "setting" ? query["kind"] : null,
            query["target"], query["who"], query["looked"] == "1") { Node = query["node"] };
    }

    public Dictionary<string, object?> ToQuery(bool local) => new()
    {
        ["action"] = Action, ["state"] = State, ["kind"] = Kind, ["target"] = Target, ["who"] = Who, ["node"] = Node, ["looked"] = IncludePreviews ? "1" : null, ["tz"] = local ? "local" : null,
    };

    public bool Shows(ActionRecord record)
    {
        ArgumentNullException.ThrowIfNull(record);
        return (State is null || ActionStates.Groups.First(group => group.Id == State).Has(record.State))
            && (Kind is null || Kind == ActionAudit.KindName(record.Plan.Request.Kind))
            && (Target is null || record.Plan.Request.Target.Contains(Target, StringComparison.OrdinalIgnoreCase))
            && (Node is null || record.Plan.Targets.Contains(Node))
            && (Who is null || record.Plan.RequestedBy.Contains(Who, StringComparison.OrdinalIgnoreCase) || record.ApprovedBy?.Contains(Who, StringComparison.OrdinalIgnoreCase) == true);
    }
}
