using System.Text.Json;
using ConntrackConsole.Cluster.Model;

namespace ConntrackConsole.Kubernetes.Parsing;

internal static partial class KubeObject
{
    private const string RevisionAnnotation = "deployment.kubernetes.io/revision";

    private const string ArgoRevisionAnnotation = "rollout.argoproj.io/revision";

    private const string FormerRevisions = "deployment.kubernetes.io/revision-history";

    // The API server still sets it on every DaemonSet, despite its name.
    private const string TemplateGeneration = "deprecated.daemonset.template.generation";

    public static WorkloadInfo? Workload(WorkloadKind kind, JsonElement item)
    {
        var meta = item.Get("metadata");
        if (!Named(meta, out string uid, out string ns, out string name))
            return null;
        var status = item.Get("status");
        bool daemons = kind == WorkloadKind.DaemonSet;
        int replicas = status.Count(daemons ? "currentNumberScheduled" : "replicas");
        return new WorkloadInfo(
            kind, StringPool.Shared.Of(uid), ns, StringPool.Shared.Of(name), Controller(meta), Revision(kind, meta, status), TemplateHash(meta.Get("labels")),
            meta.Time("creationTimestamp") ?? 0, meta.Number("generation") ?? 0, status.Number("observedGeneration") ?? 0,
            // If spec.replicas is absent, the default is 1.
            daemons ? status.Count("desiredNumberScheduled") : Math.Max(0, item.Get("spec").Int("replicas") ?? 1), replicas,
            kind switch
            {
                // All its pods belong to its single revision.
                WorkloadKind.ReplicaSet => replicas,
                WorkloadKind.DaemonSet => status.Count("updatedNumberScheduled"),
                _ => status.Count("updatedReplicas"),
            },
            status.Count(daemons ? "numberReady" : "readyReplicas"), status.Count(daemons ? "numberAvailable" : "availableReplicas"),
            kind == WorkloadKind.Deployment ? status.Condition("Progressing").Shared("reason") : null)
        {
            CurrentRevision = kind == WorkloadKind.StatefulSet ? status.Shared("currentRevision") : null,
            DeletionMs = meta.Time("deletionTimestamp"),
            HadOtherRevisions = kind == WorkloadKind.ReplicaSet && meta.Get("annotations").Shared(FormerRevisions) is not null,
        };
    }

    private static string? Revision(WorkloadKind kind, JsonElement meta, JsonElement status) => kind switch
    {
        WorkloadKind.StatefulSet => status.Shared("updateRevision"),
        WorkloadKind.DaemonSet => meta.Get("annotations").Shared(TemplateGeneration),
        _ => meta.Get("annotations").Shared(RevisionAnnotation) ?? meta.Get("annotations").Shared(ArgoRevisionAnnotation),
    };

    // Argo Rollouts has its own label and annotation on ReplicaSets and pods.
    private static string? TemplateHash(JsonElement labels) => labels.Shared("pod-template-hash") ?? labels.Shared("rollouts-pod-template-hash");
}
