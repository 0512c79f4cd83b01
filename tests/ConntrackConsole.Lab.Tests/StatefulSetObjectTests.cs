using System.Text;
using System.Text.Json.Nodes;
using ConntrackConsole.Lab.Cluster;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace ConntrackConsole.Lab.Tests;

public sealed class StatefulSetObjectTests : IDisposable
{
    private readonly ObjectStore _store = new();
    private readonly StatefulSetObject _set;

    public StatefulSetObjectTests()
    {
        var events = new EventLog(_store, new FakeTimeProvider(new DateTimeOffset(2026, 11, 24, 12, 0, 0, TimeSpan.Zero)));
        _set = new StatefulSetObject(_store, events, "shop", "db", ("node1", "192.168.0.1"), (_, _) => Task.CompletedTask);
    }

    public void Dispose() => _set.Dispose();

    [Fact]
    public async Task Scale_DownToOne_DeletesTheHighestOrdinals()
    {
        await _set.ScaleAsync(3);
        Assert.Equal(["db-0", "db-1", "db-2"], Pods().Select(NameOf));
        await _set.ScaleAsync(1);
        Assert.Equal(["db-0"], Pods().Select(NameOf));
        Assert.Equal(["Delete Pod db-2 in StatefulSet db successful", "Delete Pod db-1 in StatefulSet db successful"], Events("SuccessfulDelete").Select(e => (string?)e["message"]));
    }

    [Fact]
    public async Task Restart_ReplacesEachPodUnderItsName_OneEventStandsForBothDeletions()
    {
        await _set.ScaleAsync(2);
        string former = Revision("currentRevision");
        var uids = Pods().Select(UidOf).ToList();
        await _set.RestartAsync();
        Assert.Equal(["db-0", "db-1"], Pods().Select(NameOf));
        Assert.DoesNotContain(Pods(), pod => uids.Contains(UidOf(pod)));
        Assert.All(Pods(), pod => Assert.Equal(Revision("updateRevision"), (string?)pod["metadata"]!["labels"]!["controller-revision-hash"]));
        Assert.NotEqual(former, Revision("currentRevision"));
        Assert.Equal(Revision("updateRevision"), Revision("currentRevision"));

        await _set.RestartAsync();
        var deleted = Events("SuccessfulDelete");
        Assert.Equal(2, deleted.Count);
        Assert.All(deleted, e => Assert.Equal((2, "statefulset-controller"), ((int?)e["count"], (string?)e["source"]!["component"])));
    }

    private string Revision(string name) => (string)_set.Json["status"]![name]!;

    private static string? NameOf(JsonObject pod) => (string?)pod["metadata"]!["name"];

    private static string? UidOf(JsonObject pod) => (string?)pod["metadata"]!["uid"];

    private List<JsonObject> Pods() => [.. Of("pods").OrderBy(NameOf)];

    private List<JsonObject> Events(string reason) => [.. Of("events").Where(e => (string?)e["reason"] == reason)];

    private IEnumerable<JsonObject> Of(string kind) => _store.List(kind, null).Items.Select(item => JsonNode.Parse(Encoding.UTF8.GetString(item.Value))!.AsObject());
}
