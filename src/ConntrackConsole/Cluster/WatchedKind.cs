using System.Text.Json;

namespace ConntrackConsole.Cluster;

/// <summary>A kind that is watched: where it is, how it is read, and which objects the map has of it.</summary>
/// <param name="Change">The change that an object means; null for one that cannot be read.</param>
/// <param name="Missing">Deletions for what the map has and a fresh list has not, by uid.</param>
public sealed record WatchedKind(
    string Name, string Path, Func<JsonElement, bool, ClusterChange?> Change, Func<ClusterMap, HashSet<string>, IEnumerable<ClusterChange>> Missing)
{
    public static readonly IReadOnlyList<WatchedKind> All =
    [
        new("nodes", "api/v1/nodes",
            (item, deleted) => KubeObject.Node(item) is { } node ? new NodeChange(node, deleted) : null,
            (map, listed) => map.Nodes.Values.Where(n => !listed.Contains(n.Uid)).Select(n => new NodeChange(n, true))),
        new("services", "api/v1/services",
            (item, deleted) => KubeObject.Service(item) is { } service ? new ServiceChange(service, deleted) : null,
            (map, listed) => map.Services.Values.Where(s => !listed.Contains(s.Uid)).Select(s => new ServiceChange(s, true))),
        new("endpointslices", "apis/discovery.k8s.io/v1/endpointslices",
            (item, deleted) => KubeObject.Slice(item) is { } slice ? new SliceChange(slice, deleted) : null,
            (map, listed) => map.Slices.Values.Where(s => !listed.Contains(s.Uid)).Select(s => new SliceChange(s, true))),
        new("pods", "api/v1/pods",
            (item, deleted) => KubeObject.Pod(item) is { } pod ? new PodChange(pod, deleted) : null,
            (map, listed) => map.Pods.Values.Where(p => !listed.Contains(p.Uid)).Select(p => new PodChange(p, true))),
    ];
}
