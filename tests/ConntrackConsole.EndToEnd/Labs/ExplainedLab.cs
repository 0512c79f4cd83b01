using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Xunit;

namespace ConntrackConsole.EndToEnd.Labs;

/// <summary>A lab with a console in which a healthy rollout, INVALID segments, and a rollout of pods that exit early follow each other; and what the API answered after each.</summary>
public sealed class ExplainedLab : IAsyncLifetime
{
    private readonly HttpClient _client = new(new SocketsHttpHandler { AllowAutoRedirect = true });
    private Uri _url = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    internal RunningLab Lab { get; private set; } = null!;

    /// <summary>The findings after the healthy rollout.</summary>
    internal JsonNode AfterHealthy { get; private set; } = null!;

    internal JsonNode HealthyReport { get; private set; } = null!;

    internal JsonNode EarlyExitReport { get; private set; } = null!;

    /// <summary>The labels up to the end of the rollout of pods that exit early.</summary>
    internal IReadOnlyList<JsonNode> EarlyExitLabels { get; private set; } = [];

    public async ValueTask InitializeAsync()
    {
        // Resets are known at once, and nothing hangs in these two rollouts: there is no need to wait for it as long as by default.
        Lab = await RunningLab.StartAsync(new Dictionary<string, string> { ["Rollouts__SettleSeconds"] = "10" }, "--rollouts", "0", "--connections", "6");
        await Lab.ConnectedAsync(12);
        _url = new Uri((string)Lab.Ready["url"]!);
        await _client.GetAsync(_url, Ct);
        // The first key frame of each node is then before the rollout's window.
        await Task.Delay(TimeSpan.FromSeconds(5), Ct);

        Lab.Send("rollout healthy");
        await Lab.EventsAsync("rollout-done", 1);
        await Lab.ConnectedAsync(24);
        AfterHealthy = await FindingsAsync();
        HealthyReport = await ReportAsync("2", _ => true);

        Lab.Send("invalid 6");
        await Lab.LabelsAsync(6);
        await UntilFoundAsync("M1");

        Lab.Send("rollout early-exit");
        await Lab.EventsAsync("rollout-done", 2);
        await UntilFoundAsync("M1", "M3");
        // The measurement of the one before is stored some seconds after its evidence is complete.
        EarlyExitReport = await ReportAsync("3", report => (int)report["baseline"]!["rollouts"]! > 0);
        EarlyExitLabels = Lab.Labels;
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await Lab.DisposeAsync();
    }

    /// <summary>Waits until the live findings have exactly these mechanisms.</summary>
    internal async Task<JsonNode> UntilFoundAsync(params string[] mechanisms)
    {
        JsonNode? found = null;
        await Eventually.TrueAsync(
            async () => Mechanisms(found = await FindingsAsync()).SequenceEqual(mechanisms), TimeSpan.FromSeconds(60), () => found?.ToString() ?? "", string.Join(" and ", mechanisms));
        return found!;
    }

    internal static List<string> Mechanisms(JsonNode answer) =>
        [.. answer["findings"]!.AsArray().Select(finding => (string)finding!["mechanism"]!).Distinct().Order(StringComparer.Ordinal)];

    private async Task<JsonNode> FindingsAsync() => (await _client.GetFromJsonAsync<JsonNode>(new Uri(_url, "/api/v1/findings"), Ct))!;

    private async Task<JsonNode> ReportAsync(string revision, Func<JsonNode, bool> isWanted)
    {
        JsonNode? report = null;
        await Eventually.TrueAsync(
            async () =>
            {
                var list = await _client.GetFromJsonAsync<JsonNode>(new Uri(_url, "/api/v1/rollouts?limit=1"), Ct);
                if (list!["items"]!.AsArray() is not [{ } latest] || (string?)latest["revision"] != revision)
                    return false;
                report = await _client.GetFromJsonAsync<JsonNode>(new Uri(_url, $"/api/v1/rollouts/{latest["id"]}"), Ct);
                return (bool)report!["evidenceComplete"]! && isWanted(report);
            },
            TimeSpan.FromSeconds(180), () => report?.ToString() ?? "no rollout", "complete evidence");
        return report!;
    }
}
