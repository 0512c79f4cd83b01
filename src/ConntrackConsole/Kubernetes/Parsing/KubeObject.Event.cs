using System.Collections.Frozen;
using System.Text.Json;
using ConntrackConsole.Cluster.Model;

namespace ConntrackConsole.Kubernetes.Parsing;

internal static partial class KubeObject
{
    /// <summary>Reason of the event with which a controller reports that it deleted a pod.</summary>
    internal const string SuccessfulDelete = "SuccessfulDelete";

    private const int MaxMessageLength = 1024;

    private static readonly FrozenSet<string> Subjects =
        FrozenSet.Create("Pod", "ReplicaSet", "Deployment", "StatefulSet", "DaemonSet", "Job", "Node");

    private static readonly FrozenSet<string> Reasons = FrozenSet.Create(
        "Killing", "Unhealthy", "FailedPreStopHook", "BackOff", "Evicted", "Preempted", "Preempting", "TaintManagerEviction",
        "NodeNotReady", "ScalingReplicaSet", SuccessfulDelete, "SuccessfulCreate");

    /// <summary>An Event about a termination or scaling; null for all others.</summary>
    public static ObjectEvent? Event(JsonElement item)
    {
        var meta = item.Get("metadata");
        var about = item.Get("involvedObject");
        if (about.Shared("kind") is not { } kind || item.Shared("reason") is not { } reason || !Reasons.Contains(reason)
            // Any controller may delete pods: a CloneSet or a ReplicationController uses the reason of the built-in ones.
            || (!Subjects.Contains(kind) && reason != SuccessfulDelete)
            || meta.Text("uid") is not { Length: > 0 } uid || about.Text("name") is not { Length: > 0 } name)
        {
            return null;
        }

        // Events written through events.k8s.io have eventTime, older recorders set the other two.
        long? at = item.Time("eventTime") ?? item.Time("lastTimestamp") ?? item.Time("firstTimestamp") ?? meta.Time("creationTimestamp");
        var series = item.Get("series");
        at = series.Time("lastObservedTime") ?? at;
        string message = item.Text("message") ?? "";
        string? component = item.Shared("reportingComponent");
        return at is null ? null : new ObjectEvent(
            uid, kind, about.Shared("namespace") ?? meta.Shared("namespace") ?? "", name, about.Text("uid"), reason,
            message.Length > MaxMessageLength ? message[..MaxMessageLength] : message, at.Value,
            (string.IsNullOrEmpty(component) ? item.Get("source").Shared("component") : component) ?? "")
        {
            FirstMs = Math.Min(item.Time("firstTimestamp") ?? item.Time("eventTime") ?? at.Value, at.Value),
            Count = Math.Max(1, Math.Max(item.Count("count"), series.Count("count"))),
            RelatedPod = item.Get("related") is var related && related.Text("kind") == "Pod" ? related.Text("name") : null,
        };
    }
}
