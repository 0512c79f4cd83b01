using ConntrackConsole.Cluster.Model;

namespace ConntrackConsole.Lifecycle.Evidence;

/// <summary>
/// Detects the deletion of a namespace; the console does not watch namespaces. The namespace controller deletes the pods first
/// (since 1.33 in that order on purpose), and the workloads and Services once no pod is left; Events are refused meanwhile. So a
/// namespace was deleted if its last watched objects disappear after its last pod. Watches have no order between them: the times decide,
/// not the order of arrival. Bounded by the number of namespaces.
/// </summary>
internal sealed class NamespaceDeletionLog
{
    private const int MaxDeleted = 1_000;

    private readonly Dictionary<string, Objects> _objects = [];
    private readonly Dictionary<string, (long FromMs, long ToMs)> _deleted = [];
    private readonly Queue<string> _order = new();

    /// <summary>Since when the namespace had no pod, until its last object was deleted; null if that was not seen.</summary>
    public (long FromMs, long ToMs)? Deleted(string ns) => _deleted.TryGetValue(ns, out var deleted) ? deleted : null;

    /// <returns>The namespace, if its last object was deleted after its pods.</returns>
    public string? Follow(ClusterMap before, ClusterMap after, ClusterChange change, long nowMs)
    {
        (string Namespace, bool IsPod, bool Was, bool Is)? seen = change switch
        {
            PodChange { Pod: var pod } => (pod.Namespace, true, before.Pods.ContainsKey(pod.Uid), after.Pods.ContainsKey(pod.Uid)),
            WorkloadChange { Workload: var workload } => (workload.Namespace, false, before.Workloads.ContainsKey(workload.Uid), after.Workloads.ContainsKey(workload.Uid)),
            ServiceChange { Service: var service } => (service.Key.Namespace, false, before.Services.ContainsKey(service.Key), after.Services.ContainsKey(service.Key)),
            _ => null,
        };
        if (seen is not { } item || item.Was == item.Is)
            return null;
        string ns = item.Namespace;
        if (!_objects.TryGetValue(ns, out var objects))
            _objects[ns] = objects = new Objects();
        objects.Count += item.Is ? 1 : -1;
        if (!item.Is && item.IsPod)
            objects.LastPodMs = Math.Max(objects.LastPodMs, nowMs);
        if (!item.Is && change is WorkloadChange)
            objects.LastWorkloadMs = Math.Max(objects.LastWorkloadMs, nowMs);
        if (objects.Count > 0)
            return null;
        _objects.Remove(ns);
        if (objects.LastPodMs == 0 || objects.LastWorkloadMs < objects.LastPodMs)
            return null;
        if (!_deleted.ContainsKey(ns))
            _order.Enqueue(ns);
        _deleted[ns] = (objects.LastPodMs, Math.Max(objects.LastWorkloadMs, nowMs));
        while (_order.Count > MaxDeleted)
            _deleted.Remove(_order.Dequeue());
        return ns;
    }

    private sealed class Objects
    {
        public int Count { get; set; }

        public long LastPodMs { get; set; }

        public long LastWorkloadMs { get; set; }
    }
}
