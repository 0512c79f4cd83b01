using ConntrackConsole.Api.Problems;
using ConntrackConsole.Api.Query;
using ConntrackConsole.Rollouts;
using Microsoft.AspNetCore.Http.HttpResults;

namespace ConntrackConsole.Api.Rollouts;

/// <summary>GET rollouts: which rollouts there were, and what each of them broke.</summary>
internal static class RolloutsApi
{
    private const int DefaultLimit = 100;
    private const int MaxLimit = 500;
    private const int MaxResets = 1_000_000;

    public static void MapRollouts(this IEndpointRouteBuilder api)
    {
        api.MapGet("/rollouts", ListAsync)
            .WithName("listRollouts").WithTags("Rollouts").WithSummary("Rollouts, newest first")
            .WithDescription($"'from' and 'to' select by their start. limit is 1 to {MaxLimit}, default {DefaultLimit}.")
            .ProducesApiProblem(StatusCodes.Status400BadRequest);
        // An id has a slash.
        api.MapGet("/rollouts/{**id}", FindAsync)
            .WithName("getRollout").WithTags("Rollouts").WithSummary("What a rollout broke")
            .WithDescription("Broken connections of each terminated pod by mechanism, the drain against the grace period, earlier rollouts, a suggested change, what is not known, and a verdict.")
            .ProducesApiProblem(StatusCodes.Status400BadRequest, StatusCodes.Status404NotFound);
    }

    private static async Task<Results<Ok<RolloutPage>, ProblemHttpResult>> ListAsync(
        [AsParameters] RolloutsParameters parameters, [AsParameters] WindowParameters window, [AsParameters] PageParameters paging, HttpContext context, RolloutArchive archive, CancellationToken ct)
    {
        var reader = new QueryReader();
        reader.RefuseUnknown(context.Request.Query, typeof(RolloutsParameters), typeof(WindowParameters), typeof(PageParameters));
        var from = reader.Time("from", window.From);
        var to = reader.Time("to", window.To);
        reader.RequireOrder(from, to, mayBeEmpty: true);
        int limit = reader.Integer("limit", paging.Limit, 1, MaxLimit) ?? DefaultLimit;
        var after = reader.Continue(paging.Continue, Place);
        if (reader.Problem is { } problem)
            return problem;

        var filter = new RolloutFilter(
            from?.ToUnixTimeMilliseconds() ?? 0, to?.ToUnixTimeMilliseconds() ?? long.MaxValue, QueryReader.Text(parameters.Namespace), QueryReader.Text(parameters.Workload));
        var found = await archive.ReadAsync(filter, after, limit + 1, ct);
        var page = found.Take(limit).ToList();
        var pods = await archive.PodsAsync(page, ct);
        return TypedResults.Ok(new RolloutPage(
            [.. page.Select(rollout => RolloutItem.Of(rollout, pods.GetValueOrDefault(rollout.Id)))], found.Count > limit ? PageToken.Write(page[^1].StartedMs, page[^1].Id) : null));
    }

    private static async Task<Results<Ok<RolloutReportView>, ProblemHttpResult>> FindAsync(
        string id, [AsParameters] RolloutParameters parameters, HttpContext context, RolloutReporter reporter, CancellationToken ct)
    {
        var reader = new QueryReader();
        reader.RefuseUnknown(context.Request.Query, typeof(RolloutParameters));
        int maxResets = reader.Integer("maxResets", parameters.MaxResets, 0, MaxResets) ?? 0;
        if (reader.Problem is { } problem)
            return problem;
        // The server decodes a path but for its slashes.
        return await reporter.ReadAsync(id.Replace("%2F", "/", StringComparison.OrdinalIgnoreCase), ct) is { } report
            ? TypedResults.Ok(RolloutReportView.Of(report, maxResets))
            : ApiProblem.Create(StatusCodes.Status404NotFound, RolloutCodes.NotFound, "Not found", "The console knows no rollout with this id: see /api/v1/rollouts.");
    }

    private static RolloutCursor? Place(string token) => PageToken.TryRead(token) is { } place ? new RolloutCursor(place.AtMs, place.Id) : null;
}
