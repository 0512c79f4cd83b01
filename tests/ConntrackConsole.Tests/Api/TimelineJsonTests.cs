using System.Buffers;
using System.Text.Json;
using ConntrackConsole.Api.Terminations;
using ConntrackConsole.Api.Timeline;
using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Lifecycle;
using ConntrackConsole.Nodes;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Wire;
using Xunit;

namespace ConntrackConsole.Tests.Api;

public sealed class TimelineJsonTests
{
    private const long At = 1_795_399_431_897;

    [Fact]
    public void Terminations_EqualThoseOfGetTerminations_WithStaleEntries()
    {
        var rollout = new Rollout("d/2", WorkloadKind.Deployment, "d", "shop", "checkout", "2", "1", At, At + 300, At + 9_000, null);
        var termination = new Termination("u", "shop", "checkout-a", Ip.Parse("10.1.0.5"), "node1", new ServiceKey("shop", "checkout"), At, At + 20, At + 5_000, null, 0, null)
        {
            Cause = TerminationCause.Rollout, RolloutId = "d/2",
        };
        var span = new TerminationSpan(
            "u", "shop", "checkout-a", "10.1.0.5", "node1", "shop/checkout", At, At + 20, At + 5_000, null, 0, null, OwnerState.Gone, 3)
        {
            Reported = termination, Synced = [new NodeSync("node1", At + 700)],
        };
        var json = Write(new TimelineView(At, At + 2_000, 1_000, 2, [], [span], new ResetLane([0, 1], [0, 0], [-1, 0]), [], [], At) { Rollouts = [rollout] });

        var item = json.GetProperty("terminations")[0];
        string alone = JsonSerializer.Serialize(TerminationView.Of(termination, rollout, span.Synced), JsonSerializerOptions.Web);
        Assert.Equal(alone[..^1] + ",\"staleEntries\":3}", item.GetRawText());
        Assert.Equal("2026-11-23T02:03:51.897Z", item.GetProperty("askedAt").GetString());
        Assert.Equal("d/2", json.GetProperty("rollouts")[0].GetProperty("id").GetString());
        Assert.Equal("[-1,0]", json.GetProperty("resets").GetProperty("other").GetRawText());
    }

    [Fact]
    public void Gaps_HaveTheirCodeBesideTheirKind()
    {
        var json = Write(new TimelineView(
            At, At + 2_000, 1_000, 2, [], [], new ResetLane([0, 0], [0, 0], [0, 0]), [new GapSpan("node1", GapKind.EventsLost, At, At + 1_000, "text")], [], At));

        var gap = json.GetProperty("gaps")[0];
        Assert.Equal(("eventsLost", "gap.events_lost"), (gap.GetProperty("kind").GetString(), gap.GetProperty("code").GetString()));
    }

    [Theory]
    [InlineData(EntryState.Closing, "leftover")]
    [InlineData(EntryState.Stale, "stale")]
    public void Backend_HasItsStableStateName(EntryState state, string name)
    {
        var backend = new BackendSeries("10.1.0.5", 8080, null, OwnerState.Gone, state, [0, 0], [1, 1], [0, 0]);
        var json = Write(new TimelineView(
            At, At + 2_000, 1_000, 2, [new ServiceLane("shop", "checkout", "10.96.0.1", 80, "tcp", [backend]) { Claims = ["shop/checkout", "shop/other"] }], [], new ResetLane([0, 0], [0, 0], [0, 0]), [], [], At));

        Assert.Equal(["shop/checkout", "shop/other"], json.GetProperty("services")[0].GetProperty("claims").EnumerateArray().Select(c => c.GetString()));
        Assert.Equal(name, json.GetProperty("services")[0].GetProperty("backends")[0].GetProperty("state").GetString());
    }

    [Fact]
    public void Lanes_WithoutTheirBackends_HaveTheirSum_AndTheAnswerSaysSo()
    {
        var lanes = new[] { false, true }.Select(omits => new ServiceLane("shop", "checkout", "10.96.0.1", 80, "tcp", []) { OmitsBackends = omits, Sum = new LaneSums([-1, 7], [-1, 0], [-1, 2]) });
        var json = Write(new TimelineView(
            At, At + 2_000, 1_000, 2, [.. lanes], [], new ResetLane([0, 0], [0, 0], [0, 0]), [], [], At) { Sum = new LaneSums([1, 2], [3, 4], [0, 0]) });

        Assert.Equal([false, true], json.GetProperty("services").EnumerateArray().Select(lane => lane.GetProperty("backendsOmitted").GetBoolean()));
        Assert.Equal("""{"entries":[-1,7],"leftovers":null,"stale":[-1,2]}""", json.GetProperty("services")[1].GetProperty("sum").GetRawText());
        Assert.Equal("""{"entries":[1,2],"leftovers":[3,4],"stale":null}""", json.GetProperty("sum").GetRawText());
        var note = Assert.Single(json.GetProperty("notes").EnumerateArray());
        Assert.Equal(TimelineNoteCodes.BackendsOmitted, note.GetProperty("code").GetString());
        Assert.StartsWith("Of 1 of 2 lanes", note.GetProperty("text").GetString(), StringComparison.Ordinal);
    }

    private static JsonElement Write(TimelineView view)
    {
        var bytes = new ArrayBufferWriter<byte>();
        TimelineJson.Write(view, bytes);
        return JsonDocument.Parse(bytes.WrittenMemory).RootElement.Clone();
    }
}
