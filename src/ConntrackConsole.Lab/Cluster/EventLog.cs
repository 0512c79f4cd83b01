using System.Globalization;
using System.Text.Json.Nodes;

namespace ConntrackConsole.Lab.Cluster;

/// <summary>
/// The cluster's Events, aggregated as by client-go's recorder: a repeated message increments the count of the first, and from
/// the tenth distinct message for one object and reason on, all share one "(combined from similar events)". Of the Events
/// of one reporter about one object, 25 are written at once and then one in five minutes; the others only count. A terminating namespace
/// takes no new Events.
/// </summary>
internal sealed class EventLog(ObjectStore store, TimeProvider time)
{
    private const int MaxSimilarMessages = 10;
    private static readonly TimeSpan AggregationInterval = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan EventTtl = TimeSpan.FromHours(1); // as the API server's --event-ttl

    private readonly Lock _lock = new();
    private readonly Dictionary<string, EventRateLimiter> _limiters = [];
    private readonly HashSet<string> _terminating = [];
    private readonly Dictionary<string, Group> _groups = [];
    private readonly Queue<(DateTimeOffset At, JsonObject Event)> _order = new();
    private long _last;

    /// <summary>The namespace is being deleted: from now on its Events are refused.</summary>
    public void Terminate(string space)
    {
        lock (_lock)
            _terminating.Add(space);
    }

    /// <param name="about">The object.</param>
    /// <param name="version">The object's version as known to the reporter.</param>
    /// <param name="reason">Such as Killing.</param>
    /// <param name="message">The message.</param>
    /// <param name="component">The reporting component.</param>
    /// <param name="host">The node, if a kubelet reports it about a container.</param>
    public void Record(JsonObject about, long version, string reason, string message, string component, string? host = null)
    {
        lock (_lock)
        {
            Expire();
            var now = time.GetUtcNow();
            string key = $"{about["metadata"]!["uid"]}/{reason}";
            if (!_groups.TryGetValue(key, out var group) || now - group.At > AggregationInterval)
                _groups[key] = group = new Group();
            group.At = now;
            bool combined = !group.ByMessage.ContainsKey(message) && group.ByMessage.Count >= MaxSimilarMessages - 1;
            string text = combined ? "(combined from similar events): " + message : message;
            bool isWritten = IsWritten(about, component, host, now);
            if ((combined ? group.Combined : group.ByMessage.GetValueOrDefault(message)) is { } again)
            {
                again["message"] = text;
                again["lastTimestamp"] = Metadata.Stamp(now);
                again["count"] = (int)again["count"]! + 1;
                if (isWritten)
                    store.Put("events", again);
                return;
            }

            var entry = Create(about, version, reason, text, now, host);
            entry["source"] = host is null ? new JsonObject { ["component"] = component } : new JsonObject { ["component"] = component, ["host"] = host };
            entry["firstTimestamp"] = Metadata.Stamp(now);
            entry["lastTimestamp"] = Metadata.Stamp(now);
            entry["count"] = 1;
            entry["eventTime"] = null;
            // The combined event has no reporter, only a source.
            entry["reportingComponent"] = combined ? "" : component;
            entry["reportingInstance"] = combined ? "" : host ?? "";
            if (combined)
                group.Combined = entry;
            else
                group.ByMessage[message] = entry;
            if (isWritten)
                Put(entry, now);
        }
    }

    private bool IsWritten(JsonObject about, string component, string? host, DateTimeOffset now)
    {
        string key = $"{component}/{host}/{about["kind"]}/{about["metadata"]!["uid"]}";
        if (!_limiters.TryGetValue(key, out var limiter))
            _limiters[key] = limiter = new EventRateLimiter(now);
        return limiter.TryTake(now) && !_terminating.Contains((string?)about["metadata"]!["namespace"] ?? "");
    }

    /// <summary>The scheduler uses the newer form: a time in microseconds, an action, no count.</summary>
    public void Scheduled(JsonObject pod, long version, string node)
    {
        lock (_lock)
        {
            Expire();
            var now = time.GetUtcNow();
            var metadata = pod["metadata"]!;
            if (_terminating.Contains((string?)metadata["namespace"] ?? ""))
                return;
            var entry = Create(pod, version, "Scheduled", $"Successfully assigned {metadata["namespace"]}/{metadata["name"]} to {node}", now, null);
            entry["source"] = new JsonObject();
            entry["firstTimestamp"] = null;
            entry["lastTimestamp"] = null;
            entry["eventTime"] = now.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);
            entry["action"] = "Binding";
            entry["reportingComponent"] = "default-scheduler";
            entry["reportingInstance"] = "default-scheduler-lab";
            Put(entry, now);
        }
    }

    private JsonObject Create(JsonObject about, long version, string reason, string message, DateTimeOffset now, string? host)
    {
        var metadata = about["metadata"]!;
        // Names end in the time in nanoseconds; two of the same instant must differ.
        _last = Math.Max(_last + 1, now.ToUnixTimeMilliseconds() * 1_000_000);
        var involved = new JsonObject
        {
            ["kind"] = about["kind"]!.DeepClone(),
            ["namespace"] = metadata["namespace"]!.DeepClone(),
            ["name"] = metadata["name"]!.DeepClone(),
            ["uid"] = metadata["uid"]!.DeepClone(),
            ["apiVersion"] = about["apiVersion"]!.DeepClone(),
            ["resourceVersion"] = version.ToString(CultureInfo.InvariantCulture),
        };
        if (host is not null)
            involved["fieldPath"] = "spec.containers{app}";
        return new JsonObject
        {
            ["kind"] = "Event",
            ["apiVersion"] = "v1",
            ["metadata"] = Metadata.Create($"{metadata["name"]}.{_last:x}", (string?)metadata["namespace"]),
            ["involvedObject"] = involved,
            ["reason"] = reason,
            ["message"] = message,
            ["type"] = "Normal",
        };
    }

    private void Put(JsonObject entry, DateTimeOffset now)
    {
        store.Put("events", entry);
        _order.Enqueue((now, entry));
    }

    private void Expire()
    {
        var until = time.GetUtcNow() - EventTtl;
        while (_order.TryPeek(out var oldest) && oldest.At < until)
            store.Delete("events", _order.Dequeue().Event);
        foreach (string key in _limiters.Where(pair => pair.Value.LastMs < until.ToUnixTimeMilliseconds()).Select(pair => pair.Key).ToList())
            _limiters.Remove(key);
        foreach (string key in _groups.Where(pair => pair.Value.At < until).Select(pair => pair.Key).ToList())
            _groups.Remove(key);
    }

    private sealed class Group
    {
        public DateTimeOffset At { get; set; }

        /// <summary>The events by message.</summary>
        public Dictionary<string, JsonObject> ByMessage { get; } = [];

        public JsonObject? Combined { get; set; }
    }
}
