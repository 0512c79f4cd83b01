using System.Text.Json;
using ConntrackConsole.Cluster.Model;

namespace ConntrackConsole.Kubernetes.Parsing;

internal static partial class KubeObject
{
    public static PodInfo? Pod(JsonElement item)
    {
        var meta = item.Get("metadata");
        if (!Named(meta, out string uid, out string ns, out string name))
            return null;
        var spec = item.Get("spec");
        var status = item.Get("status");
        long? deletion = meta.Time("deletionTimestamp");
        int? grace = meta.Int("deletionGracePeriodSeconds");
        string phase = status.Shared("phase") ?? "";
        // A sidecar is an init container that keeps running.
        bool running = IsAnyRunning(status.Get("containerStatuses")) || IsAnyRunning(status.Get("initContainerStatuses"));
        var last = LastEnded(spec, status);
        var labels = meta.Get("labels");
        return new PodInfo(
            uid, ns, name, spec.Shared("nodeName") ?? "", phase,
            KubeJson.Addresses(status.List("podIPs").Select(p => p.Text("ip")).Prepend(status.Text("podIP"))),
            spec.Flag("hostNetwork") == true,
            meta.Time("creationTimestamp") ?? 0, deletion, deletion - (Math.Max(0, grace ?? 0) * 1000L),
            phase is "Succeeded" or "Failed" && !running, last.Time("finishedAt"), last.Int("exitCode"))
        {
            Controller = Controller(meta),
            TemplateHash = TemplateHash(labels) ?? labels.Shared("controller-revision-hash"),
            DeletionGraceSeconds = grace,
            GraceSeconds = spec.Int("terminationGracePeriodSeconds"),
            HasPreStop = Containers(spec).Any(c => c.Get("lifecycle").HasObject("preStop")),
            HasReadinessProbe = Containers(spec).Any(c => c.HasObject("readinessProbe")),
            Ready = status.Condition("Ready").Text("status") == "True",
            End = EndOf(status),
            RestartPolicy = spec.Shared("restartPolicy"),
            Restarted = Restarted(spec, status),
            ExitSignal = last.Int("signal") is > 0 and var signal ? signal : null,
            ExitReason = last.Shared("reason"),
        };
    }

    // Sidecars have hooks and probes too.
    private static IEnumerable<JsonElement> Containers(JsonElement spec) => spec.List("containers").Concat(spec.List("initContainers"));

    private static PodEndStatus? EndOf(JsonElement status)
    {
        var condition = status.Condition("DisruptionTarget");
        bool isDisrupted = condition.Text("status") == "True";
        string? disruption = isDisrupted ? condition.Shared("reason") : null;
        if (status.Shared("reason") is { Length: > 0 } reason)
            return new PodEndStatus(reason, Message(status), disruption, isDisrupted ? condition.Time("lastTransitionTime") : null);
        return disruption is null ? null : new PodEndStatus(disruption, Message(condition), disruption, condition.Time("lastTransitionTime"));
    }

    private static string? Message(JsonElement item) =>
        item.Text("message") is { Length: > 0 } text ? (text.Length > MaxMessageLength ? text[..MaxMessageLength] : text) : null;

    // A large cluster lists 150,000 pods: the loops below allocate nothing for a pod without restarts.
    private static bool IsAnyRunning(JsonElement containers)
    {
        if (containers.ValueKind != JsonValueKind.Array)
            return false;
        foreach (var container in containers.EnumerateArray())
        {
            if (container.Get("state").HasObject("running"))
                return true;
        }

        return false;
    }

    // An init container that runs again before the start resets no connection; a sidecar does.
    private static RestartedContainer[] Restarted(JsonElement spec, JsonElement status)
    {
        RestartedContainer[] restarted = [];
        Add(status.Get("containerStatuses"), sidecarsOnly: false);
        Add(status.Get("initContainerStatuses"), sidecarsOnly: true);
        return restarted;

        void Add(JsonElement containers, bool sidecarsOnly)
        {
            if (containers.ValueKind != JsonValueKind.Array)
                return;
            foreach (var container in containers.EnumerateArray())
            {
                int count = container.Count("restartCount");
                if (count == 0 || container.Shared("name") is not { Length: > 0 } name || (sidecarsOnly && !IsSidecar(spec, container)))
                    continue;
                var ended = container.Get("lastState").Get("terminated");
                restarted = [.. restarted, new RestartedContainer(name, count, ended.Time("finishedAt"), ended.Int("exitCode"), ended.Shared("reason"))];
            }
        }
    }

    // The container that finished last; a sidecar (an init container that always restarts) ends after the others and may carry their traffic.
    private static JsonElement LastEnded(JsonElement spec, JsonElement status)
    {
        JsonElement last = default;
        Add(status.Get("containerStatuses"), sidecarsOnly: false);
        Add(status.Get("initContainerStatuses"), sidecarsOnly: true);
        return last;

        void Add(JsonElement containers, bool sidecarsOnly)
        {
            if (containers.ValueKind != JsonValueKind.Array)
                return;
            foreach (var container in containers.EnumerateArray())
            {
                var ended = container.Get("state").Get("terminated");
                if (ended.ValueKind == JsonValueKind.Object
                    && (last.ValueKind == JsonValueKind.Undefined || ended.Time("finishedAt") > (last.Time("finishedAt") ?? long.MinValue))
                    && (!sidecarsOnly || IsSidecar(spec, container)))
                {
                    last = ended;
                }
            }
        }
    }

    private static bool IsSidecar(JsonElement spec, JsonElement status) =>
        spec.List("initContainers").Any(c => c.Shared("name") == status.Shared("name") && c.Shared("restartPolicy") == "Always");
}
