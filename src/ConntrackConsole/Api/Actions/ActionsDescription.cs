using System.Net.Mime;
using Microsoft.AspNetCore.Http.Metadata;

namespace ConntrackConsole.Api.Actions;

/// <summary>Describes the endpoints of <see cref="ActionsApi"/> in the OpenAPI document, because their handlers read and write JSON themselves.</summary>
internal static class ActionsDescription
{
    private static readonly int[] Decision = [400, 403, 404, 409, 410, 415, 503];

    private static readonly Description[] All =
    [
        new("GET", "/actions", "listActions", "Actions, newest first", null, 200, typeof(ActionPage), [400]),
        new("GET", "/actions/{id}", "getAction", "One action with its preview, its result on each node and its outcome", null, 200, typeof(ActionView), [404]),
        new("POST", "/actions", "requestAction", "Request a flush or a setting: returns the preview and what the guards require", typeof(ActionRequestBody), 201, typeof(ActionView), [400, 403, 409, 415, 503]),
        new("POST", "/actions/{id}/confirm", "confirmAction", "Execute exactly what was previewed, once, or request approval", typeof(DecisionBody), 200, typeof(ActionView), Decision),
        new("POST", "/actions/{id}/approve", "approveAction", "Approve as a second person", typeof(DecisionBody), 200, typeof(ActionView), Decision),
        new("POST", "/actions/{id}/cancel", "cancelAction", "Cancel before it runs", typeof(DecisionBody), 200, typeof(ActionView), Decision),
        new("POST", "/actions/{id}/revert", "revertAction", "Revert a setting now", typeof(DecisionBody), 200, typeof(ActionView), Decision),
        new("GET", "/settings", "listSettings", "Settings that may be changed, and where a change is open", null, 200, typeof(IReadOnlyList<SettingView>), []),
    ];

    /// <summary>A group that adds the description to each endpoint when it is mapped.</summary>
    public static RouteGroupBuilder DescribeActions(this RouteGroupBuilder api)
    {
        var group = api.MapGroup("");
        ((IEndpointConventionBuilder)group).Add(endpoint =>
        {
            string? path = (endpoint as RouteEndpointBuilder)?.RoutePattern.RawText;
            var methods = endpoint.Metadata.OfType<IHttpMethodMetadata>().SelectMany(metadata => metadata.HttpMethods).ToList();
            if (All.FirstOrDefault(entry => path == ApiRoutes.Root + entry.Path && methods.Contains(entry.Method)) is { } description)
                description.AddTo(endpoint.Metadata);
        });
        return group;
    }

    private sealed record Description(string Method, string Path, string Name, string Summary, Type? Body, int Status, Type Answer, int[] Problems)
    {
        public void AddTo(IList<object> metadata)
        {
            metadata.Add(new EndpointNameMetadata(Name));
            metadata.Add(new EndpointSummaryAttribute(Summary));
            metadata.Add(new TagsAttribute(Path.StartsWith("/settings", StringComparison.Ordinal) ? "Settings" : "Actions"));
            metadata.Add(new ProducesResponseTypeMetadata(Status, Answer, [MediaTypeNames.Application.Json]));
            if (Body is not null)
                metadata.Add(new AcceptsMetadata([MediaTypeNames.Application.Json], Body, isOptional: true));
            foreach (int status in Problems)
                metadata.Add(ApiProblemExtensions.Metadata(status));
        }
    }
}
