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
        bool running = status.List("containerStatuses").Concat(status.List("initContainerStatuses")).Any(c => c.Get("state").HasObject("running"));
        var last = LastEnded(status);
        var labels = meta.Get("labels");
        return new PodInfo(
            uid, ns, name, spec.Shared("nodeName") ?? "", phase,
            KubeJson.Addresses(status.List("podIPs").Select(p => p.Text("ip")).Prepend(status.Text("podIP"))),
            spec.Flag("hostNetwork") == true,
            meta.Time("creationTimestamp") ?? 0, deletion, deletion - (Math.Max(0, grace ?? 0) * 1000L),
            phase is "Succeeded" or "Failed" && !running, last.Time("finishedAt"), last.Int("exitCode"))
        {
            Controller = Controller(meta),
            TemplateHash = labels.Shared("pod-template-hash") ?? labels.Shared("controller-revision-hash"),
            DeletionGraceSeconds = grace,
            GraceSeconds = spec.Int("terminationGracePeriodSeconds"),
            HasPreStop = Containers(spec).Any(c => c.Get("lifecycle").HasObject("preStop")),
            HasReadinessProbe = Containers(spec).Any(c => c.HasObject("readinessProbe")),
            Ready = status.Condition("Ready").Text("status") == "True",
            EndReason = EndReason(status),
            ExitSignal = last.Int("signal") is > 0 and var signal ? signal : null,
            ExitReason = last.Shared("reason"),
        };
    }

    // Sidecars have hooks and probes too.
    private static IEnumerable<JsonElement> Containers(JsonElement spec) => spec.List("containers").Concat(spec.List("initContainers"));

    private static string? EndReason(JsonElement status)
    {
        if (status.Shared("reason") is { Length: > 0 } reason)
            return reason;
        var disrupted = status.Condition("DisruptionTarget");
        return disrupted.Text("status") == "True" ? disrupted.Shared("reason") : null;
    }

    private static JsonElement LastEnded(JsonElement status)
    {
        JsonElement last = default;
        foreach (var container in status.List("containerStatuses"))
        {
            var ended = container.Get("state").Get("terminated");
            if (ended.ValueKind == JsonValueKind.Object
                && (last.ValueKind == JsonValueKind.Undefined || ended.Time("finishedAt") > (last.Time("finishedAt") ?? long.MinValue)))
            {
                last = ended;
            }
        }

        return last;
    }
}
