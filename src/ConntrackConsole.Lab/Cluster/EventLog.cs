using System.Globalization;
using System.Text.Json.Nodes;

namespace ConntrackConsole.Lab.Cluster;

/// <summary>
/// The cluster's Events, told as client-go's recorder tells them: a repeated sentence raises the count of the first, and from
/// the tenth different sentence about one object for one reason on, all share one "(combined from similar events)".
/// </summary>
internal sealed class EventLog(ObjectStore store, TimeProvider time)
{
    private const int Similar = 10;
    private static readonly TimeSpan SimilarFor = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan Kept = TimeSpan.FromHours(1); // as the API server's --event-ttl

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Group> _groups = [];
    private readonly Queue<(DateTimeOffset At, JsonObject Event)> _order = new();
    private long _last;

    /// <param name="about">The object.</param>
    /// <param name="version">The object's version as the teller knew it.</param>
    /// <param name="reason">Such as Killing.</param>
    /// <param name="message">The sentence.</param>
    /// <param name="component">Who tells it.</param>
    /// <param name="host">The node, where a kubelet tells it about a container.</param>
    public void Tell(JsonObject about, long version, string reason, string message, string component, string? host = null)
    {
        lock (_lock)
        {
            Expire();
            var now = time.GetUtcNow();
            string key = $"{about["metadata"]!["uid"]}/{reason}";
            if (!_groups.TryGetValue(key, out var group) || now - group.At > SimilarFor)
                _groups[key] = group = new Group();
            group.At = now;
            bool combined = !group.Told.ContainsKey(message) && group.Told.Count >= Similar - 1;
            string sentence = combined ? "(combined from similar events): " + message : message;
            if ((combined ? group.Combined : group.Told.GetValueOrDefault(message)) is { } again)
            {
                again["message"] = sentence;
                again["lastTimestamp"] = Metadata.Stamp(now);
                again["count"] = (int)again["count"]! + 1;
                store.Put("events", again);
                return;
            }

            var told = Create(about, version, reason, sentence, now, host);
            told["source"] = host is null ? new JsonObject { ["component"] = component } : new JsonObject { ["component"] = component, ["host"] = host };
            told["firstTimestamp"] = Metadata.Stamp(now);
            told["lastTimestamp"] = Metadata.Stamp(now);
            told["count"] = 1;
            told["eventTime"] = null;
            // The event that others are combined into does not say who reported it, but for its source.
            told["reportingComponent"] = combined ? "" : component;
            told["reportingInstance"] = combined ? "" : host ?? "";
            if (combined)
                group.Combined = told;
            else
                group.Told[message] = told;
            Put(told, now);
        }
    }

    /// <summary>The scheduler tells in the newer form: a time in microseconds, an action, no count.</summary>
    public void Scheduled(JsonObject pod, long version, string node)
    {
        lock (_lock)
        {
            Expire();
            var now = time.GetUtcNow();
            var metadata = pod["metadata"]!;
            var told = Create(pod, version, "Scheduled", $"Successfully assigned {metadata["namespace"]}/{metadata["name"]} to {node}", now, null);
            told["source"] = new JsonObject();
            told["firstTimestamp"] = null;
            told["lastTimestamp"] = null;
            told["eventTime"] = now.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);
            told["action"] = "Binding";
            told["reportingComponent"] = "default-scheduler";
            told["reportingInstance"] = "default-scheduler-lab";
            Put(told, now);
        }
    }

    private JsonObject Create(JsonObject about, long version, string reason, string message, DateTimeOffset now, string? host)
    {
        var metadata = about["metadata"]!;
        // Names end in the time in nanoseconds; two of one instant must differ.
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

    private void Put(JsonObject told, DateTimeOffset now)
    {
        store.Put("events", told);
        _order.Enqueue((now, told));
    }

    private void Expire()
    {
        var until = time.GetUtcNow() - Kept;
        while (_order.TryPeek(out var oldest) && oldest.At < until)
            store.Delete("events", _order.Dequeue().Event);
        foreach (string key in _groups.Where(pair => pair.Value.At < until).Select(pair => pair.Key).ToList())
            _groups.Remove(key);
    }

    private sealed class Group
    {
        public DateTimeOffset At { get; set; }

        /// <summary>The events by their sentences.</summary>
        public Dictionary<string, JsonObject> Told { get; } = [];

        public JsonObject? Combined { get; set; }
    }
}
