using System.Buffers.Text;
using System.Text;
using ConntrackConsole.Api.Problems;
using ConntrackConsole.Api.Query;
using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Findings;
using Microsoft.AspNetCore.Http.HttpResults;

namespace ConntrackConsole.Api.Findings;

/// <summary>GET findings: why connections break, live or in any stored window.</summary>
internal static class FindingsApi
{
    private const int DefaultLimit = 100;
    private const int MaxLimit = 500;
    private const int MaxTokenLength = 200;

    public static void MapFindings(this IEndpointRouteBuilder api) => api.MapGet("/findings", ListAsync)
        .WithName("listFindings").WithTags("Findings").WithSummary("Why connections break")
        .WithDescription($"Mechanisms with their evidence, what is missing for others, and warnings. Without 'from' and 'to': the last {FindingMonitor.WindowMs / 60_000} minutes, live. limit is 1 to {MaxLimit}, default {DefaultLimit}.")
        .ProducesApiProblem(StatusCodes.Status400BadRequest);

    private static async Task<Results<Ok<FindingsPage>, ProblemHttpResult>> ListAsync(
        [AsParameters] FindingsParameters parameters, HttpContext context, FindingMonitor live, StoredFindings stored, TimeProvider time, CancellationToken ct)
    {
        var reader = new QueryReader();
        reader.RefuseUnknown<FindingsParameters>(context.Request.Query);
        var from = reader.Time("from", parameters.From);
        var to = reader.Time("to", parameters.To);
        reader.RequireOrder(from, to, mayBeEmpty: false);
        if (from < DateTimeOffset.UnixEpoch || to < DateTimeOffset.UnixEpoch)
            reader.Fail(QueryErrorCodes.TooEarly, "The window is before 1970: request a later one.");
        int limit = reader.Integer("limit", parameters.Limit, 1, MaxLimit) ?? DefaultLimit;
        string? after = reader.Continue(parameters.Continue, Place);
        if (reader.Problem is { } problem)
            return problem;

        var report = live.Current;
        if (from is not null || to is not null)
        {
            long toMs = (to ?? time.GetUtcNow()).ToUnixTimeMilliseconds();
            report = await stored.ReadAsync(from?.ToUnixTimeMilliseconds() ?? Math.Max(0, toMs - FindingMonitor.WindowMs), toMs, ct);
        }

        var (ns, name) = (QueryReader.Text(parameters.Namespace), QueryReader.Text(parameters.Service));
        var wanted = report.Findings.Where(finding => Matches(finding.Subject.Service, ns, name)).ToList();
        // The page after an item that has gone meanwhile begins at the start.
        int start = after is null ? 0 : wanted.FindIndex(finding => finding.Id == after) + 1;
        var page = wanted.Skip(start).Take(limit).ToList();
        return TypedResults.Ok(new FindingsPage(
            [.. page.Select(FindingView.Of)],
            [.. report.Insufficient.Where(missing => missing.Subject is not { } subject || Matches(subject.Service, ns, name)).Select(InsufficientView.Of).Distinct()],
            [.. report.Warnings.Select(FindingView.Of)],
            ApiTime.Text(report.FromMs), ApiTime.Text(report.ToMs), start + page.Count < wanted.Count ? Token(page[^1].Id) : null));
    }

    private static bool Matches(ServiceKey? service, string? ns, string? name) =>
        (ns is null || service?.Namespace == ns) && (name is null || service?.Name == name || service?.ToString() == name);

    private static string Token(string id) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(id));

    private static string? Place(string token)
    {
        byte[] bytes = new byte[token.Length];
        return token.Length <= MaxTokenLength && Base64Url.IsValid(token) && Base64Url.TryDecodeFromChars(token, bytes, out int length)
            && Encoding.UTF8.GetString(bytes, 0, length) is var id && id.StartsWith(FindingId.Prefix, StringComparison.Ordinal) ? id : null;
    }
}
