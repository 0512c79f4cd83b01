using System.Text.Json.Nodes;
using Xunit;

namespace ConntrackConsole.EndToEnd.Labs;

/// <summary>The real kernel, collectors and console: the API explains each scenario by its mechanism within seconds, and a rollout's report has what its clients really noticed.</summary>
public sealed class FindingTests(ExplainedLab explained) : IClassFixture<ExplainedLab>
{
    [Fact]
    public async Task Scenarios_AreExplainedByTheirMechanisms()
    {
        Assert.Empty(ExplainedLab.Mechanisms(explained.AfterHealthy));

        explained.Lab.Send("rollout blackhole");
        await explained.Lab.EventsAsync("rollout-done", 3);
        string ip = (string)Assert.Single(explained.Lab.Events("vanished"))["ip"]!;
        var hung = await explained.Lab.HungAsync(ip);
        JsonNode? found = null;
        // Each connection counts once it has waited for ten seconds.
        await Eventually.TrueAsync(
            async () => Hole(found = await explained.UntilFoundAsync("M1", "M3", "M4")) is { } hole && (int)hole["explains"]!["count"]! == hung.Count,
            TimeSpan.FromSeconds(60), () => found?.ToString() ?? "", $"{hung.Count} connections in M4");
        Assert.Equal((ip, "flushPodIp"), ((string?)Hole(found!)!["backend"], (string?)Hole(found!)!["remedies"]![0]!["action"]));
    }

    [Fact]
    public void HealthyRollout_IsWithin_AndEarlyExits_AreOverByTheirNumber()
    {
        var (healthy, over) = (explained.HealthyReport, explained.EarlyExitReport);
        Assert.True((string?)healthy["verdict"] == "within" && healthy["pods"]!.AsArray().Count > 0, healthy.ToString());
        var truth = explained.EarlyExitLabels.Where(label => (string?)label["mechanism"] == "M3").ToList();
        Assert.True((string?)over["verdict"] == "over" && (int)over["broken"]! == truth.Sum(label => (int)label["resets"]!), $"{string.Join('\n', truth)}\n{over}");
        Assert.Equal(1, (int)over["baseline"]!["rollouts"]!);
        Assert.Contains(over["changes"]!.AsArray(), change => (string?)change!["action"] == "setPreStop" && change["seconds"] is not null);
    }

    private static JsonNode? Hole(JsonNode answer) => answer["findings"]!.AsArray().SingleOrDefault(finding => (string?)finding!["mechanism"] == "M4");
}
