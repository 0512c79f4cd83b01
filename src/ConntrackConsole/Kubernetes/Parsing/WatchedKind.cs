using System.Text.Json;
using ConntrackConsole.Cluster.Model;

namespace ConntrackConsole.Kubernetes.Parsing;

/// <summary>A watched kind: its API path, how it is parsed, and which of its objects the map contains.</summary>
/// <param name="Change">The change that an object represents; null if it cannot be parsed or is irrelevant.</param>
/// <param name="Missing">Deletions for objects that the map contains and a new list does not, by uid.</param>
/// <param name="Impact">What does not work without this kind.</param>
internal sealed record WatchedKind(
    string Name, string Path, Func<JsonElement, bool, ClusterChange?> Change, Func<ClusterMap, HashSet<string>, IEnumerable<ClusterChange>> Missing,
    string Impact)
{
    /// <summary>Guards depend on it: without it nothing is flushed. Without any other kind only its feature is missing.</summary>
    public bool IsCore { get; init; }

    /// <summary>The kind of workload; null for other objects.</summary>
    public WorkloadKind? Workload { get; init; }

    public static readonly IReadOnlyList<WatchedKind> All =
    [
        new("nodes", "api/v1/nodes",
            (item, deleted) => KubeObject.Node(item) is { } node ? new NodeChange(node, deleted) : null,
            (map, listed) => map.Nodes.Values.Where(n => !listed.Contains(n.Uid)).Select(n => new NodeChange(n, true)),
            "lost nodes are not detected and nothing can be flushed") { IsCore = true },
        new("services", "api/v1/services",
            (item, deleted) => KubeObject.Service(item) is { } service ? new ServiceChange(service, deleted) : null,
            (map, listed) => map.Services.Values.Where(s => !listed.Contains(s.Uid)).Select(s => new ServiceChange(s, true)),
            "Services have no names and nothing can be flushed") { IsCore = true },
        new("endpointslices", "apis/discovery.k8s.io/v1/endpointslices",
            (item, deleted) => KubeObject.Slice(item) is { } slice ? new SliceChange(slice, deleted) : null,
            (map, listed) => map.Slices.Values.Where(s => !listed.Contains(s.Uid)).Select(s => new SliceChange(s, true)),
            "endpoints are unknown and nothing can be flushed") { IsCore = true },
        new("pods", "api/v1/pods",
            (item, deleted) => KubeObject.Pod(item) is { } pod ? new PodChange(pod, deleted) : null,
            (map, listed) => map.Pods.Values.Where(p => !listed.Contains(p.Uid)).Select(p => new PodChange(p, true)),
            "addresses have no names and nothing can be flushed") { IsCore = true },
        Workloads("deployments", WorkloadKind.Deployment, "rollouts are not detected"),
        Workloads("replicasets", WorkloadKind.ReplicaSet, "pods are not assigned to their Deployment, and rollouts are not detected"),
        Workloads("statefulsets", WorkloadKind.StatefulSet, "rollouts of StatefulSets are not detected"),
        Workloads("daemonsets", WorkloadKind.DaemonSet, "rollouts of DaemonSets are not detected"),
        // The same objects are served as events.k8s.io/v1; core/v1 exists in every version, with the same permissions.
        // Lists everything the server still retains (one hour), including what happened while the console was down.
        // No field selector: the wanted events differ by reason, and selectors have no "or".
        new("events", "api/v1/events",
            (item, deleted) => !deleted && KubeObject.Event(item) is { } reported ? new EventChange(reported) : null,
            (_, _) => [],
            "SIGTERM times, failed preStop hooks and evictions are not reported"),
    ];

    private static WatchedKind Workloads(string name, WorkloadKind kind, string impact) => new(
        name, $"apis/apps/v1/{name}",
        (item, deleted) => KubeObject.Workload(kind, item) is { } workload ? new WorkloadChange(workload, deleted) : null,
        (map, listed) => map.Workloads.Values.Where(w => w.Kind == kind && !listed.Contains(w.Uid)).Select(w => new WorkloadChange(w, true)),
        impact) { Workload = kind };
}
