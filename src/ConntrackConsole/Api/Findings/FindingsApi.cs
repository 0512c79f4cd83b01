using ConntrackConsole.Api.Problems;
using ConntrackConsole.Api.Query;
using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Findings;
using ConntrackConsole.Findings.Live;
using ConntrackConsole.Findings.Stored;
using Microsoft.AspNetCore.Http.HttpResults;

namespace ConntrackConsole.Api.Findings;

/// <summary>GET findings: why connections break, live or in any stored window.</summary>
internal static class FindingsApi
{
    private const int DefaultLimit = 100;
    private const int MaxLimit = 500;

    public static void MapFindings(this IEndpointRouteBuilder api) => api.MapGet("/findings", ListAsync)
        .WithName("listFindings").WithTags("Findings").WithSummary("Why connections break")
        .WithDescription($"Mechanisms with their evidence, what is missing for others, and warnings. Without 'from' and 'to': the last {FindingMonitor.WindowMs / 60_000} minutes, live. limit is 1 to {MaxLimit}, default {DefaultLimit}.")
        .ProducesApiProblem(StatusCodes.Status400BadRequest);

    private static async Task<Results<Ok<FindingsPage>, ProblemHttpResult>> ListAsync(
        [AsParameters] FindingsParameters parameters, [AsParameters] PageParameters paging, HttpContext context,
        FindingMonitor live, StoredFindings stored, TimeProvider time, CancellationToken ct)
    {
        var reader = new QueryReader();
        reader.RefuseUnknown(context.Request.Query, typeof(FindingsParameters), typeof(PageParameters));
        var from = reader.Time("from", parameters.From);
        var to = reader.Time("to", parameters.To);
        reader.RequireOrder(from, to, mayBeEmpty: false);
        if (from < DateTimeOffset.UnixEpoch || to < DateTimeOffset.UnixEpoch)
            reader.Fail(QueryErrorCodes.TooEarly, "The window is before 1970: request a later one.");
        int limit = reader.Integer("limit", paging.Limit, 1, MaxLimit) ?? DefaultLimit;
        var after = reader.Continue(paging.Continue, Place);
        if (reader.Problem is { } problem)
            return problem;

        var report = live.Current;
        bool isStored = from is not null || to is not null;
        if (isStored)
        {
            long toMs = (to ?? time.GetUtcNow()).ToUnixTimeMilliseconds();
            report = await stored.ReadAsync(from?.ToUnixTimeMilliseconds() ?? Math.Max(0, toMs - FindingMonitor.WindowMs), toMs, ct);
        }

        var (ns, name) = (QueryReader.Text(parameters.Namespace), QueryReader.Text(parameters.Service));
        var wanted = report.Findings.Where(finding => Matches(finding.Subject.Service, ns, name)).ToList();
        int start = after is null ? 0 : StartAfter(wanted, after);
        var page = wanted.Skip(start).Take(limit).ToList();
        (long, long)? window = isStored ? (report.FromMs, report.ToMs) : null;
        return TypedResults.Ok(new FindingsPage(
            [.. page.Select(finding => FindingView.Of(finding, window))],
            [.. report.Insufficient.Where(missing => missing.Subject is not { } subject || Matches(subject.Service, ns, name)).Select(InsufficientView.Of).Distinct()],
            [.. report.Warnings.Select(warning => FindingView.Of(warning, window))],
            ApiTime.Text(report.FromMs), ApiTime.Text(report.ToMs), start + page.Count < wanted.Count ? PageToken.Write(SinceMs(page[^1]), page[^1].Id) : null));
    }

    private static bool Matches(ServiceKey? service, string? ns, string? name) =>
        (ns is null || service?.Namespace == ns) && (name is null || service?.Name == name || service?.ToString() == name);

    private static FindingCursor? Place(string token) =>
        PageToken.TryRead(token) is { } place && place.Id.StartsWith(FindingId.Prefix, StringComparison.Ordinal) ? new FindingCursor(place.AtMs, place.Id) : null;

    // After the item where the page ended; if that one is gone, where it was in the order of the list.
    internal static int StartAfter(IReadOnlyList<ObservedFinding> findings, FindingCursor place)
    {
        int before = 0;
        for (int i = 0; i < findings.Count; i++)
        {
            if (findings[i].Id == place.Id)
                return i + 1;
            long sinceMs = SinceMs(findings[i]);
            if (sinceMs > place.AtMs || (sinceMs == place.AtMs && string.CompareOrdinal(findings[i].Id, place.Id) < 0))
                before = i + 1;
        }

        return before;
    }

    private static long SinceMs(ObservedFinding finding) => finding.SinceMs ?? long.MaxValue;

    /// <summary>Where a page ended: since when its last finding lasts, and its id.</summary>
    internal sealed record FindingCursor(long AtMs, string Id);
}
