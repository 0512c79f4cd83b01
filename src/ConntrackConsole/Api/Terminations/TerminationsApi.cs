using ConntrackConsole.Api.Problems;
using ConntrackConsole.Api.Query;
using ConntrackConsole.Lifecycle;
using ConntrackConsole.Timeline.Query;
using Microsoft.AspNetCore.Http.HttpResults;

namespace ConntrackConsole.Api.Terminations;

/// <summary>GET terminations: which pods terminated, when each phase began, and why.</summary>
internal static class TerminationsApi
{
    private const int DefaultLimit = 100;
    private const int MaxLimit = 500;

    public static void MapTerminations(this IEndpointRouteBuilder api) => api.MapGet("/terminations", ListAsync)
        .WithName("listTerminations").WithTags("Terminations").WithSummary("Terminations of pods, newest first")
        .WithDescription($"Each with all its instants, its cause, and when each node's rules no longer had the endpoint. limit is 1 to {MaxLimit}, default {DefaultLimit}.")
        .ProducesApiProblem(StatusCodes.Status400BadRequest);

    private static async Task<Results<Ok<TerminationPage>, ProblemHttpResult>> ListAsync(
        [AsParameters] TerminationsParameters parameters, [AsParameters] WindowParameters window, [AsParameters] PageParameters paging, TerminationArchive archive, RuleSyncReader syncs, CancellationToken ct)
    {
        var reader = new QueryReader();
        var from = reader.Time("from", window.From);
        var to = reader.Time("to", window.To);
        reader.RequireOrder(from, to, mayBeEmpty: true);
        int limit = reader.Integer("limit", paging.Limit, 1, MaxLimit) ?? DefaultLimit;
        var after = reader.Continue(paging.Continue, Place);
        if (reader.Problem is { } problem)
            return problem;

        var filter = new TerminationFilter(
            from?.ToUnixTimeMilliseconds() ?? 0, to?.ToUnixTimeMilliseconds() ?? long.MaxValue,
            QueryReader.Text(parameters.Namespace), QueryReader.Text(parameters.Service), QueryReader.Text(parameters.Node));
        var found = await archive.ReadAsync(filter, after, limit + 1, ct);
        var page = found.Take(limit).ToList();
        var rollouts = await archive.RolloutsAsync(page, ct);
        var views = new List<TerminationView>();
        foreach (var t in page)
            views.Add(TerminationView.Of(t, t.RolloutId is null ? null : rollouts.GetValueOrDefault(t.RolloutId), await syncs.SyncsAsync(t, ct)));
        return TypedResults.Ok(new TerminationPage(views, found.Count > limit ? PageToken.Write(page[^1].DeletionRequestedMs, page[^1].Uid) : null));
    }

    private static TerminationCursor? Place(string token) => PageToken.TryRead(token) is { } place ? new TerminationCursor(place.AtMs, place.Id) : null;
}
