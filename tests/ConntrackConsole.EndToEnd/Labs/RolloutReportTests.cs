using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Xunit;

namespace ConntrackConsole.EndToEnd.Labs;

/// <summary>The real kernel, collectors and console: a rollout's report has what its clients really noticed, and nothing of a healthy one.</summary>
public sealed class RolloutReportTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task HealthyRollout_IsWithin_AndEarlyExits_AreOverByTheirNumber()
    {
        // Resets are known at once, and nothing hangs here: there is no need to wait for it as long as by default.
        await using var lab = await RunningLab.StartAsync(new Dictionary<string, string> { ["Rollouts__SettleSeconds"] = "10" }, "--rollouts", "0", "--connections", "6");
        await lab.ConnectedAsync(12);
        using var client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = true });
        var url = new Uri((string)lab.Ready["url"]!);
        await client.GetAsync(url, Ct);
        // The first key frame of each node is then before the window.
        await Task.Delay(TimeSpan.FromSeconds(5), Ct);

        lab.Send("rollout healthy");
        await lab.EventsAsync("rollout-done", 1);
        var healthy = await ReportAsync(client, url, "2", _ => true);
        Assert.True((string?)healthy["verdict"] == "within" && healthy["pods"]!.AsArray().Count > 0, healthy.ToString());

        lab.Send("rollout early-exit");
        await lab.EventsAsync("rollout-done", 2);
        // The measurement of the one before is stored some seconds after its evidence is complete.
        var over = await ReportAsync(client, url, "3", report => (int)report["baseline"]!["rollouts"]! > 0);
        var truth = lab.Labels.Where(label => (string?)label["mechanism"] == "M3").ToList();
        Assert.True((string?)over["verdict"] == "over" && (int)over["broken"]! == truth.Sum(label => (int)label["resets"]!), $"{string.Join('\n', truth)}\n{over}");
        Assert.Equal(1, (int)over["baseline"]!["rollouts"]!);
        Assert.Contains(over["changes"]!.AsArray(), change => (string?)change!["action"] == "setPreStop" && change["seconds"] is not null);
    }

    private static async Task<JsonNode> ReportAsync(HttpClient client, Uri url, string revision, Func<JsonNode, bool> isWanted)
    {
        JsonNode? report = null;
        await Eventually.TrueAsync(
            async () =>
            {
                var list = await client.GetFromJsonAsync<JsonNode>(new Uri(url, "/api/v1/rollouts?limit=1"), Ct);
                if (list!["items"]!.AsArray() is not [{ } latest] || (string?)latest["revision"] != revision)
                    return false;
                report = await client.GetFromJsonAsync<JsonNode>(new Uri(url, $"/api/v1/rollouts/{latest["id"]}"), Ct);
                return (bool)report!["evidenceComplete"]! && isWanted(report);
            },
            TimeSpan.FromSeconds(180), () => report?.ToString() ?? "no rollout", "complete evidence");
        return report!;
    }
}
