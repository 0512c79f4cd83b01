using System.IO.Pipelines;
using System.Text.Json;
using ConntrackConsole.Api.Terminations;
using ConntrackConsole.Api.Timeline;
using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Lifecycle;
using ConntrackConsole.Timeline.Query;
using ConntrackConsole.Wire;
using Xunit;

namespace ConntrackConsole.Tests.Api;

public sealed class TimelineJsonTests
{
    private const long At = 1_795_399_431_897;

    [Fact]
    public async Task Terminations_EqualThoseOfGetTerminations_WithStaleEntries()
    {
        var rollout = new Rollout("d/2", WorkloadKind.Deployment, "d", "shop", "checkout", "2", "1", At, At + 300, At + 9_000, null);
        var termination = new Termination("u", "shop", "checkout-a", Ip.Parse("10.1.0.5"), "node1", new ServiceKey("shop", "checkout"), At, At + 20, At + 5_000, null, 0, null)
        {
            Cause = TerminationCause.Rollout, RolloutId = "d/2",
        };
        var span = new TerminationSpan(
            "u", "shop", "checkout-a", "10.1.0.5", "node1", "shop/checkout", At, At + 20, At + 5_000, null, 0, null, OwnerState.Gone, 3)
        {
            Told = termination, Synced = [new NodeSync("node1", At + 700)],
        };
        var json = await WriteAsync(new TimelineView(At, At + 2_000, 1_000, 2, [], [span], new ResetLane([0, 1], [0, 0], [-1, 0]), [], [], At) { Rollouts = [rollout] });

        var item = json.GetProperty("terminations")[0];
        string alone = JsonSerializer.Serialize(TerminationView.Of(termination, rollout, span.Synced), JsonSerializerOptions.Web);
        Assert.Equal(alone[..^1] + ",\"staleEntries\":3}", item.GetRawText());
        Assert.Equal("2026-11-23T02:03:51.897Z", item.GetProperty("askedAt").GetString());
        Assert.Equal("d/2", json.GetProperty("rollouts")[0].GetProperty("id").GetString());
        Assert.Equal("[-1,0]", json.GetProperty("resets").GetProperty("other").GetRawText());
    }

    [Fact]
    public async Task Gaps_HaveTheirCodeBesideTheirKind()
    {
        var json = await WriteAsync(new TimelineView(
            At, At + 2_000, 1_000, 2, [], [], new ResetLane([0, 0], [0, 0], [0, 0]), [new GapSpan("node1", GapKind.EventsLost, At, At + 1_000, "text")], [], At));

        var gap = json.GetProperty("gaps")[0];
        Assert.Equal(("eventsLost", "gap.events_lost"), (gap.GetProperty("kind").GetString(), gap.GetProperty("code").GetString()));
    }

    private static async Task<JsonElement> WriteAsync(TimelineView view)
    {
        using var bytes = new MemoryStream();
        var pipe = PipeWriter.Create(bytes);
        await TimelineJson.WriteAsync(view, pipe, TestContext.Current.CancellationToken);
        await pipe.CompleteAsync();
        return JsonDocument.Parse(bytes.ToArray()).RootElement.Clone();
    }
}
