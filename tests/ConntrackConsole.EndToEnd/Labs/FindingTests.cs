using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Xunit;

namespace ConntrackConsole.EndToEnd.Labs;

/// <summary>The real kernel, collectors and console: the API explains each scenario by its mechanism, within seconds, and nothing else.</summary>
public sealed class FindingTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Scenarios_AreExplainedByTheirMechanisms()
    {
        await using var lab = await RunningLab.StartAsync("--rollouts", "0", "--connections", "6");
        await lab.ConnectedAsync(12);
        using var client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = true });
        var url = new Uri((string)lab.Ready["url"]!);
        await client.GetAsync(url, Ct);

        lab.Send("rollout healthy");
        await lab.EventsAsync("rollout-done", 1);
        await lab.ConnectedAsync(24);
        Assert.Empty(Mechanisms(await ReadAsync(client, url)));

        lab.Send("invalid 6");
        await lab.LabelsAsync(6);
        await UntilAsync(client, url, "M1");

        lab.Send("rollout early-exit");
        await lab.EventsAsync("rollout-done", 2);
        await UntilAsync(client, url, "M1", "M3");

        lab.Send("rollout blackhole");
        await lab.EventsAsync("rollout-done", 3);
        string ip = (string)Assert.Single(lab.Events("vanished"))["ip"]!;
        var hung = await lab.HungAsync(ip);
        JsonNode? found = null;
        // Each connection counts once it has waited for ten seconds.
        await Eventually.TrueAsync(
            async () => Hole(found = await UntilAsync(client, url, "M1", "M3", "M4")) is { } hole && (int)hole["explains"]!["count"]! == hung.Count, TimeSpan.FromSeconds(60), () => found?.ToString() ?? "",
            $"{hung.Count} connections in M4");
        Assert.Equal((ip, "flushPodIp"), ((string?)Hole(found!)!["backend"], (string?)Hole(found!)!["remedies"]![0]!["action"]));
    }

    private static async Task<JsonNode> UntilAsync(HttpClient client, Uri url, params string[] mechanisms)
    {
        JsonNode? found = null;
        await Eventually.TrueAsync(
            async () => Mechanisms(found = await ReadAsync(client, url)).SequenceEqual(mechanisms), TimeSpan.FromSeconds(60), () => found?.ToString() ?? "", string.Join(" and ", mechanisms));
        return found!;
    }

    private static JsonNode? Hole(JsonNode answer) => answer["findings"]!.AsArray().SingleOrDefault(finding => (string?)finding!["mechanism"] == "M4");

    private static List<string> Mechanisms(JsonNode answer) =>
        [.. answer["findings"]!.AsArray().Select(finding => (string)finding!["mechanism"]!).Distinct().Order(StringComparer.Ordinal)];

    private static async Task<JsonNode> ReadAsync(HttpClient client, Uri url) => (await client.GetFromJsonAsync<JsonNode>(new Uri(url, "/api/v1/findings"), Ct))!;
}
