using ConntrackConsole.Api.Problems;
using ConntrackConsole.Api.Query;
using ConntrackConsole.Inventory;
using Microsoft.AspNetCore.Http.HttpResults;

namespace ConntrackConsole.Api.Inventory;

/// <summary>GET nodes, services and resets: what the pages of the same names show.</summary>
internal static class InventoryApi
{
    private const int DefaultLimit = 100;
    private const int MaxLimit = 500;
    private const int MaxResetLimit = 1_000;
    private const int MaxText = 200;
    private const long DefaultWindowMs = 900_000;
    private const string NodePlace = "node:", ServicePlace = "service:";

    public static void MapInventory(this IEndpointRouteBuilder api)
    {
        api.MapGet("/nodes", Nodes)
            .WithName("listNodes").WithTags("Nodes").WithSummary("Nodes, by name")
            .WithDescription($"Every node that the cluster or a collector knows. limit is 1 to {MaxLimit}, default {DefaultLimit}.")
            .ProducesApiProblem(StatusCodes.Status400BadRequest, StatusCodes.Status503ServiceUnavailable);
        api.MapGet("/services", Services)
            .WithName("listServices").WithTags("Services").WithSummary("Services, by namespace and name")
            .WithDescription($"Each with its endpoints, entries, stale entries, resets of the last five minutes and findings. limit is 1 to {MaxLimit}, default {DefaultLimit}.")
            .ProducesApiProblem(StatusCodes.Status400BadRequest, StatusCodes.Status503ServiceUnavailable);
        api.MapGet("/resets", ResetsAsync)
            .WithName("listResets").WithTags("Resets").WithSummary("Single TCP resets, newest first")
            .WithDescription($"Who reset whom, with the names of that time. limit is 1 to {MaxResetLimit}, default {DefaultLimit}.")
            .ProducesApiProblem(StatusCodes.Status400BadRequest);
    }

    private static Results<Ok<NodePage>, ProblemHttpResult> Nodes([AsParameters] PageParameters paging, HttpContext context, InventoryReader inventory)
    {
        var reader = new QueryReader();
        reader.RefuseUnknown(context.Request.Query, typeof(PageParameters));
        int limit = reader.Integer("limit", paging.Limit, 1, MaxLimit) ?? DefaultLimit;
        string? after = reader.Continue(paging.Continue, token => Place(token, NodePlace));
        if (reader.Problem is { } problem)
            return problem;
        if (inventory.Current() is not { } current)
            return NotReady();
        var found = current.Nodes.Where(node => after is null || string.CompareOrdinal(node.Name, after) > 0).Take(limit + 1).ToList();
        return TypedResults.Ok(new NodePage(
            [.. found.Take(limit).Select(NodeItem.Of)], ApiTime.Text(current.NowMs), found.Count > limit ? PageToken.Write(0, NodePlace + found[limit - 1].Name) : null));
    }

    private static Results<Ok<ServicePage>, ProblemHttpResult> Services(
        [AsParameters] ServicesParameters parameters, [AsParameters] PageParameters paging, HttpContext context, InventoryReader inventory)
    {
        var reader = new QueryReader();
        reader.RefuseUnknown(context.Request.Query, typeof(ServicesParameters), typeof(PageParameters));
        int limit = reader.Integer("limit", paging.Limit, 1, MaxLimit) ?? DefaultLimit;
        string? after = reader.Continue(paging.Continue, token => Place(token, ServicePlace));
        if (reader.Problem is { } problem)
            return problem;
        if (inventory.Current() is not { } current)
            return NotReady();
        var (ns, name) = (QueryReader.Text(parameters.Namespace), QueryReader.Text(parameters.Service));
        var found = current.Services
            .Where(service => (ns is null || service.Info.Key.Namespace == ns) && (name is null || service.Info.Key.Name == name || service.Info.Key.ToString() == name))
            .OrderBy(service => service.Info.Key.ToString(), StringComparer.Ordinal)
            .Where(service => after is null || string.CompareOrdinal(service.Info.Key.ToString(), after) > 0).Take(limit + 1).ToList();
        return TypedResults.Ok(new ServicePage(
            [.. found.Take(limit).Select(ServiceItem.Of)], ApiTime.Text(current.NowMs), current.SilentNodes, current.ResetGaps.Count > 0,
            found.Count > limit ? PageToken.Write(0, ServicePlace + found[limit - 1].Info.Key) : null));
    }

    private static async Task<Results<Ok<ResetPage>, ProblemHttpResult>> ResetsAsync(
        [AsParameters] ResetsParameters parameters, [AsParameters] PageParameters paging, HttpContext context, ResetReader resets, TimeProvider time, CancellationToken ct)
    {
        var reader = new QueryReader();
        reader.RefuseUnknown(context.Request.Query, typeof(ResetsParameters), typeof(PageParameters));
        var from = reader.Time("from", parameters.From);
        var to = reader.Time("to", parameters.To);
        reader.RequireOrder(from, to, mayBeEmpty: false);
        if (from < DateTimeOffset.UnixEpoch || to < DateTimeOffset.UnixEpoch)
            reader.Fail(QueryErrorCodes.TooEarly, "The window is before 1970: request a later one.");
        string? kind = QueryReader.Text(parameters.Kind), text = QueryReader.Text(parameters.Text);
        if (kind is not null && ResetKindName.Find(kind) is null)
            reader.Fail(QueryErrorCodes.UnknownValue, $"'kind' must be one of {string.Join(", ", ResetKindName.All.Select(ResetKindName.Of))}: {QueryReader.Shorten(kind)}.");
        if (text is { Length: > MaxText })
            reader.Fail(QueryErrorCodes.OutOfRange, $"'text' may have {MaxText} characters.");
        int limit = reader.Integer("limit", paging.Limit, 1, MaxResetLimit) ?? DefaultLimit;
        var after = reader.Continue(paging.Continue, token => PageToken.TryRead(token) is { } place && place.Id.Contains('>', StringComparison.Ordinal) ? new ResetCursor(place.AtMs, place.Id) : null);
        if (reader.Problem is { } problem)
            return problem;
        long toMs = (to ?? time.GetUtcNow()).ToUnixTimeMilliseconds();
        var window = await resets.ReadAsync(
            new ResetQuery(from?.ToUnixTimeMilliseconds() ?? Math.Max(0, toMs - DefaultWindowMs), toMs, limit)
            {
                Namespace = QueryReader.Text(parameters.Namespace), Service = QueryReader.Text(parameters.Service), Node = QueryReader.Text(parameters.Node),
                Kind = ResetKindName.Find(kind), Text = text, After = after is null ? null : (after.AtMs, after.Id),
            }, ct);
        return TypedResults.Ok(new ResetPage(
            [.. window.Rows.Select(ResetItem.Of)], ApiTime.Text(window.FromMs), ApiTime.Text(window.ToMs), [.. window.Gaps.Select(NodeGapView.Of)], window.MissingNodes, ApiTime.Text(window.SingleFromMs),
            window.HasMore ? PageToken.Write(window.Rows[^1].AtMs, window.Rows[^1].Id) : null));
    }

    private static ProblemHttpResult NotReady() => ApiProblem.Create(
        StatusCodes.Status503ServiceUnavailable, InventoryCodes.NotReady, "Not ready", "The console has just started, and has not evaluated the nodes and Services yet: retry after a second.");

    // A token of another list is refused.
    private static string? Place(string token, string list) =>
        PageToken.TryRead(token) is { } place && place.Id.StartsWith(list, StringComparison.Ordinal) ? place.Id[list.Length..] : null;

    private sealed record ResetCursor(long AtMs, string Id);
}
