using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace ConntrackConsole.Lab.Cluster;

/// <summary>A change of one object, as reported by a watch.</summary>
/// <param name="Version">The object's resourceVersion after the change.</param>
/// <param name="Type">ADDED, MODIFIED or DELETED.</param>
/// <param name="Namespace">The object's namespace; "" for nodes.</param>
/// <param name="Object">The whole object as JSON.</param>
internal sealed record Change(long Version, string Type, string Namespace, byte[] Object);

/// <summary>A watch requested a version that is no longer in the history (HTTP 410).</summary>
internal sealed class ExpiredVersionException(long requested, long oldest)
    : Exception($"too old resource version: {requested} ({oldest})");

/// <summary>
/// The cluster's objects with one version counter for all, and a bounded history of changes per kind: the equivalent of etcd
/// and the watch cache of a real API server.
/// </summary>
/// <param name="history">Number of changes kept per kind.</param>
internal sealed class ObjectStore(int history = 1000)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Table> _tables = [];
    private long _version = 1000;
    private TaskCompletionSource _changed = NewSignal();

    public long Version
    {
        get
        {
            lock (_lock)
                return _version;
        }
    }

    /// <summary>Adds or replaces; the version is written into the stored copy, not into the given object.</summary>
    /// <returns>The version.</returns>
    public long Put(string kind, JsonObject value)
    {
        lock (_lock)
        {
            var table = TableOf(kind);
            string key = KeyOf(value, out string space);
            string type = table.Objects.ContainsKey(key) ? "MODIFIED" : "ADDED";
            byte[] bytes = Stamp(value);
            table.Objects[key] = new Change(_version, "ADDED", space, bytes);
            Remember(table, new Change(_version, type, space, bytes));
            return _version;
        }
    }

    /// <summary>Removes; the deletion contains the object's last state. False if it does not exist.</summary>
    public bool Delete(string kind, JsonObject value)
    {
        lock (_lock)
        {
            var table = TableOf(kind);
            if (!table.Objects.Remove(KeyOf(value, out string space)))
                return false;
            Remember(table, new Change(0, "DELETED", space, Stamp(value)) with { Version = _version });
            return true;
        }
    }

    /// <summary>A restart of the API server: its watch cache starts empty, so every older version is too old.</summary>
    public void ForgetHistory()
    {
        lock (_lock)
        {
            _version++;
            foreach (var table in ResourceKind.All.Select(kind => TableOf(kind.Plural)))
            {
                table.History.Clear();
                table.Forgotten = _version;
            }
        }
    }

    /// <summary>One object, or null.</summary>
    public byte[]? Get(string kind, string space, string name)
    {
        lock (_lock)
            return TableOf(kind).Objects.TryGetValue($"{space}/{name}", out var found) ? found.Object : null;
    }

    /// <summary>All objects of a kind in the order of their keys, with the version to watch from.</summary>
    /// <param name="kind">Such as "pods".</param>
    /// <param name="space">A namespace, or null for all.</param>
    /// <param name="after">Only keys after this one (paging), or null.</param>
    public (IReadOnlyList<KeyValuePair<string, byte[]>> Items, long Version) List(string kind, string? space, string? after = null)
    {
        lock (_lock)
        {
            return ([.. TableOf(kind).Objects
                .Where(pair => (space is null || pair.Value.Namespace == space)
                    && (after is null || string.CompareOrdinal(pair.Key, after) > 0))
                .Select(pair => KeyValuePair.Create(pair.Key, pair.Value.Object))], _version);
        }
    }

    /// <summary>The changes after a version, up to the returned one, and a task that completes at the next change of any kind.</summary>
    /// <exception cref="ExpiredVersionException">Some of them are no longer in the history.</exception>
    public (IReadOnlyList<Change> Changes, long Version, Task Next) Since(string kind, long version, string? space)
    {
        lock (_lock)
        {
            var table = TableOf(kind);
            if (version < table.Forgotten)
                throw new ExpiredVersionException(version, table.Forgotten);
            return ([.. table.History.Where(change => change.Version > version && (space is null || change.Namespace == space))],
                _version, _changed.Task);
        }
    }

    private Table TableOf(string kind)
    {
        if (!_tables.TryGetValue(kind, out var table))
            _tables[kind] = table = new Table();
        return table;
    }

    private byte[] Stamp(JsonObject value)
    {
        var copy = value.DeepClone().AsObject();
        copy["metadata"]!["resourceVersion"] = (++_version).ToString(CultureInfo.InvariantCulture);
        return JsonSerializer.SerializeToUtf8Bytes(copy);
    }

    private void Remember(Table table, Change change)
    {
        table.History.Enqueue(change);
        while (table.History.Count > history)
            table.Forgotten = table.History.Dequeue().Version;
        var changed = _changed;
        _changed = NewSignal();
        changed.SetResult();
    }

    private static string KeyOf(JsonObject value, out string space)
    {
        var metadata = value["metadata"]!;
        space = (string?)metadata["namespace"] ?? "";
        return $"{space}/{metadata["name"]}";
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private sealed class Table
    {
        public SortedDictionary<string, Change> Objects { get; } = new(StringComparer.Ordinal);

        public Queue<Change> History { get; } = [];

        /// <summary>The newest version that is no longer in the history.</summary>
        public long Forgotten { get; set; }
    }
}
