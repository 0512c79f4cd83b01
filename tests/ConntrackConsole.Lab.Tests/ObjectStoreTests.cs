using System.Text;
using System.Text.Json.Nodes;
using ConntrackConsole.Lab.Cluster;
using Xunit;

namespace ConntrackConsole.Lab.Tests;

public sealed class ObjectStoreTests
{
    private readonly ObjectStore _store = new(history: 3);

    [Fact]
    public void Put_NewAndKnown_IsAddedThenModifiedWithRisingVersions()
    {
        long before = _store.Version;
        _store.Put("pods", Pod("a"));
        _store.Put("pods", Pod("a"));
        _store.Delete("pods", Pod("a"));

        var (changes, version, _) = _store.Since("pods", before, null);

        Assert.Equal(["ADDED", "MODIFIED", "DELETED"], changes.Select(change => change.Type));
        Assert.Equal([before + 1, before + 2, before + 3], changes.Select(change => change.Version));
        Assert.Equal(before + 3, version);
        Assert.All(changes, change => Assert.Contains($"\"resourceVersion\":\"{change.Version}\"", Encoding.UTF8.GetString(change.Object), StringComparison.Ordinal));
        Assert.False(_store.Delete("pods", Pod("a")));
    }

    [Fact]
    public void Since_OtherKindsAndNamespaces_AreExcluded()
    {
        long before = _store.Version;
        _store.Put("pods", Pod("a"));
        _store.Put("pods", Pod("b", "other"));
        _store.Put("services", Pod("a"));

        Assert.Single(_store.Since("pods", before, "shop").Changes);
        Assert.Equal(2, _store.Since("pods", before, null).Changes.Count);
    }

    [Fact]
    public void Since_VersionOlderThanTheHistory_IsExpired()
    {
        long before = _store.Version;
        for (int i = 0; i < 4; i++)
            _store.Put("pods", Pod($"p{i}"));

        Assert.Throws<ExpiredVersionException>(() => _store.Since("pods", before, null));
        Assert.Equal(3, _store.Since("pods", before + 1, null).Changes.Count);
    }

    [Fact]
    public void Since_NothingNew_NextCompletesAtTheNextChange()
    {
        var next = _store.Since("pods", _store.Version, null).Next;
        Assert.False(next.IsCompleted);

        _store.Put("pods", Pod("a"));

        Assert.True(next.IsCompleted);
    }

    private static JsonObject Pod(string name, string space = "shop") =>
        new() { ["metadata"] = new JsonObject { ["name"] = name, ["namespace"] = space } };
}
