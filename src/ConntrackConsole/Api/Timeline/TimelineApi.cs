using ConntrackConsole.Api.Problems;
using ConntrackConsole.Api.Query;

namespace ConntrackConsole.Api.Timeline;

/// <summary>GET timeline: a window of live or stored history, reduced to columns.</summary>
internal static class TimelineApi
{
    public static void MapTimeline(this IEndpointRouteBuilder api) => api.MapGet("/timeline", GetAsync)
        .WithName("getTimeline").WithTags("Timeline").WithSummary("The timeline as numbers")
        .WithDescription("Entries by Service and backend, resets, terminations, rollouts, restarts in pods, gaps and setting changes of a window. -1 in a column is unknown.")
        .Produces<TimelineDocument>().ProducesApiProblem(StatusCodes.Status400BadRequest);

    private static async Task<IResult> GetAsync(
        [AsParameters] TimelineParameters parameters, HttpContext context, TimelineAnswers answers, TimeProvider time)
    {
        var reader = new QueryReader();
        reader.RefuseUnknown(context.Request.Query, typeof(TimelineParameters));
        var query = parameters.Read(reader, time.GetUtcNow());
        if (reader.Problem is { } problem)
            return problem;
        var answer = await answers.GetAsync(query);
        try
        {
            context.Response.ContentType = "application/json";
            context.Response.ContentLength = answer.Length;
            context.Response.Headers.CacheControl = "no-store";
            foreach (var part in answer.Parts)
                await context.Response.Body.WriteAsync(part, context.RequestAborted);
        }
        finally
        {
            answer.Release();
        }

        return Results.Empty;
    }
}
