using System.Buffers.Text;
using System.Globalization;
using System.Text;
using ConntrackConsole.Cluster;
using ConntrackConsole.Timeline;
using ConntrackConsole.Wire;
using Microsoft.AspNetCore.Http.HttpResults;

namespace ConntrackConsole.Api;

/// <summary>GET terminations: what ended, when in each phase, and why.</summary>
public static class TerminationsApi
{
    public const int DefaultLimit = 100;
    public const int MaxLimit = 500;

    public static void MapTerminations(this IEndpointRouteBuilder api) => api.MapGet("/terminations", ListAsync);

    private static async Task<Results<Ok<TerminationPage>, ProblemHttpResult>> ListAsync(
        string? from, string? to, string? @namespace, string? service, string? node, string? limit, string? @continue,
        TerminationArchive archive, CancellationToken ct)
    {
        long fromMs = 0, toMs = long.MaxValue;
        if (!string.IsNullOrEmpty(from) && !ApiTime.TryRead(from, out fromMs))
            return Bad($"'from' is no RFC 3339 time: {TextSummary.Truncate(from, 60)}. Give one such as 2026-11-24T17:00:00Z.");
        if (!string.IsNullOrEmpty(to) && !ApiTime.TryRead(to, out toMs))
            return Bad($"'to' is no RFC 3339 time: {TextSummary.Truncate(to, 60)}. Give one such as 2026-11-24T17:00:00Z.");
        if (fromMs > toMs)
            return Bad("'from' is after 'to': exchange them.");
        int most = DefaultLimit;
        if (!string.IsNullOrEmpty(limit) && (!int.TryParse(limit, NumberStyles.None, CultureInfo.InvariantCulture, out most) || most is < 1 or > MaxLimit))
            return Bad($"'limit' must be a whole number from 1 to {MaxLimit}: {TextSummary.Truncate(limit, 60)}.");
        TerminationPlace? after = null;
        if (!string.IsNullOrEmpty(@continue) && (after = Place(@continue)) is null)
            return Bad("'continue' is not what an earlier page gave: leave it out to begin with the newest.");

        var filter = new TerminationFilter(fromMs, toMs, Given(@namespace), Given(service), Given(node));
        var found = await archive.ReadAsync(filter, after, most + 1, ct);
        var page = found.Take(most).ToList();
        var rollouts = await archive.RolloutsAsync(page, ct);
        var views = new List<TerminationView>();
        foreach (var t in page)
            views.Add(TerminationView.Of(t, t.RolloutId is null ? null : rollouts.GetValueOrDefault(t.RolloutId), await archive.SyncsAsync(t, ct)));
        return TypedResults.Ok(new TerminationPage(views, found.Count > most ? Token(page[^1]) : null));
    }

    private static string? Given(string? text) => string.IsNullOrEmpty(text) ? null : text;


    private static ProblemHttpResult Bad(string sentence) =>
        TypedResults.Problem(sentence, statusCode: StatusCodes.Status400BadRequest, title: "The request cannot be answered");

    private static string Token(Termination last) =>
        Base64Url.EncodeToString(Encoding.UTF8.GetBytes($"{last.AskedMs.ToString(CultureInfo.InvariantCulture)}/{last.Uid}"));

    private static TerminationPlace? Place(string token)
    {
        byte[] bytes = new byte[token.Length];
        if (token.Length > 1_000 || !Base64Url.IsValid(token) || !Base64Url.TryDecodeFromChars(token, bytes, out int length))
            return null;
        string[] parts = Encoding.UTF8.GetString(bytes, 0, length).Split('/', 2);
        return parts.Length == 2 && parts[1].Length > 0 && long.TryParse(parts[0], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long asked)
            ? new TerminationPlace(asked, parts[1]) : null;
    }
}
