using System.Collections.Frozen;
using System.Text.Json;
using ConntrackConsole.Cluster.Model;

namespace ConntrackConsole.Kubernetes.Parsing;

internal static partial class KubeObject
{
    private const int MaxMessageLength = 1024;

    private static readonly FrozenSet<string> Subjects =
        FrozenSet.Create("Pod", "ReplicaSet", "Deployment", "StatefulSet", "DaemonSet", "Job", "Node");

    private static readonly FrozenSet<string> Reasons = FrozenSet.Create(
        "Killing", "Unhealthy", "FailedPreStopHook", "BackOff", "Evicted", "Preempted", "Preempting", "TaintManagerEviction",
        "NodeNotReady", "ScalingReplicaSet", "SuccessfulDelete", "SuccessfulCreate");

    /// <summary>An Event about a termination or scaling; null for all others.</summary>
    public static ObjectEvent? Event(JsonElement item)
    {
        var meta = item.Get("metadata");
        var about = item.Get("involvedObject");
        if (about.Shared("kind") is not { } kind || !Subjects.Contains(kind) || item.Shared("reason") is not { } reason || !Reasons.Contains(reason)
            || meta.Text("uid") is not { Length: > 0 } uid || about.Text("name") is not { Length: > 0 } name)
        {
            return null;
        }

        // Events written through events.k8s.io have eventTime, older recorders set the other two.
        long? at = item.Time("eventTime") ?? item.Time("lastTimestamp") ?? item.Time("firstTimestamp") ?? meta.Time("creationTimestamp");
        string message = item.Text("message") ?? "";
        string? component = item.Shared("reportingComponent");
        return at is null ? null : new ObjectEvent(
            uid, kind, about.Shared("namespace") ?? meta.Shared("namespace") ?? "", name, about.Text("uid"), reason,
            message.Length > MaxMessageLength ? message[..MaxMessageLength] : message, at.Value,
            (string.IsNullOrEmpty(component) ? item.Get("source").Shared("component") : component) ?? "");
    }
}
