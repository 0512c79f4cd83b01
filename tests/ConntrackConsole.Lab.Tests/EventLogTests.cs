using System.Text;
using System.Text.Json.Nodes;
using ConntrackConsole.Lab.Cluster;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace ConntrackConsole.Lab.Tests;

public sealed class EventLogTests
{
    private readonly ObjectStore _store = new();
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 24, 12, 0, 0, TimeSpan.Zero));
    private readonly EventLog _events;
    private readonly JsonObject _deployment = new()
    {
        ["kind"] = "Deployment",
        ["apiVersion"] = "apps/v1",
        ["metadata"] = new JsonObject { ["name"] = "checkout", ["namespace"] = "shop", ["uid"] = "u1" },
    };

    public EventLogTests() => _events = new EventLog(_store, _time);

    [Fact]
    public void Record_SameMessageAgain_IncrementsTheFirstCount()
    {
        Record("Scaled up a");
        _time.Advance(TimeSpan.FromSeconds(5));
        Record("Scaled up a");

        var recorded = Assert.Single(Events());
        Assert.Equal(2, (int?)recorded["count"]);
        Assert.Equal(("2026-11-24T12:00:00Z", "2026-11-24T12:00:05Z"), ((string?)recorded["firstTimestamp"], (string?)recorded["lastTimestamp"]));
        Assert.Equal("checkout", (string?)recorded["involvedObject"]!["name"]);
    }

    [Fact]
    public void Record_TenthMessageAboutOneObject_IsCombined()
    {
        for (int i = 1; i <= 12; i++)
            Record($"Scaled up {i}");

        Assert.Equal(10, Events().Count);
        var combined = Assert.Single(Events(), entry => ((string)entry["message"]!).StartsWith("(combined from similar events): ", StringComparison.Ordinal));
        Assert.Equal("(combined from similar events): Scaled up 12", (string?)combined["message"]);
        Assert.Equal(3, (int?)combined["count"]);
        Assert.Equal("deployment-controller", (string?)combined["source"]!["component"]);
    }

    [Fact]
    public void Record_AfterAnHour_TheFirstHasExpired()
    {
        Record("Scaled up 1");
        _time.Advance(TimeSpan.FromMinutes(61));
        Record("Scaled up 2");

        Assert.Equal("Scaled up 2", (string?)Assert.Single(Events())["message"]);
    }

    [Fact]
    public void Record_MoreThan25AboutOneObject_AreDroppedUntilFiveMinutesLater()
    {
        // Different reasons, so that they are not combined: the limit is of the object, not of the reason.
        for (int i = 0; i < 30; i++)
            _events.Record(_deployment, 1, $"Reason{i}", "m", "deployment-controller");
        Assert.Equal(25, Events().Count);
        _events.Record(_deployment, 1, "Other", "m", "kubelet", "node1");
        Assert.Equal(26, Events().Count);
        _time.Advance(TimeSpan.FromMinutes(5));
        _events.Record(_deployment, 1, "Later", "m", "deployment-controller");
        _events.Record(_deployment, 1, "LaterStill", "m", "deployment-controller");
        Assert.Equal(27, Events().Count);
    }

    [Fact]
    public void Record_RepeatedBeyondTheLimit_IsCountedButNotWritten()
    {
        for (int i = 0; i < 40; i++)
            Record("Scaled up a");
        Assert.Equal(25, (int?)Assert.Single(Events())["count"]);
        _time.Advance(TimeSpan.FromMinutes(5));
        Record("Scaled up a");
        Assert.Equal(41, (int?)Assert.Single(Events())["count"]);
    }

    [Fact]
    public void Record_InATerminatingNamespace_IsRefused()
    {
        Record("Scaled up 1");
        _events.Terminate("shop");
        Record("Scaled up 2");
        _events.Scheduled(_deployment, 1, "node1");
        Assert.Single(Events());
    }

    private void Record(string message) => _events.Record(_deployment, 1, "ScalingReplicaSet", message, "deployment-controller");

    private List<JsonNode> Events() => [.. _store.List("events", null).Items.Select(item => JsonNode.Parse(Encoding.UTF8.GetString(item.Value))!)];
}
