using System.Text.Json;
using ConntrackConsole.Cluster.Model;

namespace ConntrackConsole.Kubernetes.Parsing;

/// <summary>A kind that is watched: where it is, how it is read, and which objects the map has of it.</summary>
/// <param name="Change">The change that an object means; null for one that cannot be read or says nothing.</param>
/// <param name="Missing">Deletions for what the map has and a fresh list has not, by uid.</param>
/// <param name="Without">What the console cannot do without it.</param>
public sealed record WatchedKind(
    string Name, string Path, Func<JsonElement, bool, ClusterChange?> Change, Func<ClusterMap, HashSet<string>, IEnumerable<ClusterChange>> Missing,
    string Without)
{
    /// <summary>Guards depend on it: without it nothing is flushed. The others cost a feature each.</summary>
    public bool Core { get; init; }

    public static readonly IReadOnlyList<WatchedKind> All =
    [
        new("nodes", "api/v1/nodes",
            (item, deleted) => KubeObject.Node(item) is { } node ? new NodeChange(node, deleted) : null,
            (map, listed) => map.Nodes.Values.Where(n => !listed.Contains(n.Uid)).Select(n => new NodeChange(n, true)),
            "lost nodes are not recognised and nothing can be flushed") { Core = true },
        new("services", "api/v1/services",
            (item, deleted) => KubeObject.Service(item) is { } service ? new ServiceChange(service, deleted) : null,
            (map, listed) => map.Services.Values.Where(s => !listed.Contains(s.Uid)).Select(s => new ServiceChange(s, true)),
            "Services have no names and nothing can be flushed") { Core = true },
        new("endpointslices", "apis/discovery.k8s.io/v1/endpointslices",
            (item, deleted) => KubeObject.Slice(item) is { } slice ? new SliceChange(slice, deleted) : null,
            (map, listed) => map.Slices.Values.Where(s => !listed.Contains(s.Uid)).Select(s => new SliceChange(s, true)),
            "endpoints are not known and nothing can be flushed") { Core = true },
        new("pods", "api/v1/pods",
            (item, deleted) => KubeObject.Pod(item) is { } pod ? new PodChange(pod, deleted) : null,
            (map, listed) => map.Pods.Values.Where(p => !listed.Contains(p.Uid)).Select(p => new PodChange(p, true)),
            "addresses have no names and nothing can be flushed") { Core = true },
        Workloads("deployments", WorkloadKind.Deployment, "rollouts are not recognised"),
        Workloads("replicasets", WorkloadKind.ReplicaSet, "pods do not find their Deployment, and their rollouts are not recognised"),
        Workloads("statefulsets", WorkloadKind.StatefulSet, "rollouts of StatefulSets are not recognised"),
        Workloads("daemonsets", WorkloadKind.DaemonSet, "rollouts of DaemonSets are not recognised"),
        // The same objects are served as events.k8s.io/v1; core/v1 is there in every version, with the same rights.
        // All that the server still has (an hour): what happened while the console was away is among it.
        // No field selector: most of what we want differs by reason, and selectors know no "or".
        new("events", "api/v1/events",
            (item, deleted) => !deleted && KubeObject.Event(item) is { } told ? new EventChange(told) : null,
            (_, _) => [],
            "when SIGTERM was sent, failed preStop hooks and evictions are not told"),
    ];

    private static WatchedKind Workloads(string name, WorkloadKind kind, string without) => new(
        name, $"apis/apps/v1/{name}",
        (item, deleted) => KubeObject.Workload(kind, item) is { } workload ? new WorkloadChange(workload, deleted) : null,
        (map, listed) => map.Workloads.Values.Where(w => w.Kind == kind && !listed.Contains(w.Uid)).Select(w => new WorkloadChange(w, true)),
        without);
}
