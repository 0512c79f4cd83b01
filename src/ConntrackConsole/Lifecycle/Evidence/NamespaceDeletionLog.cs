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
    private const long MaxPauseMs = 60_000;

    private readonly Dictionary<string, Objects> _objects = [];
    private readonly Dictionary<string, (long FromMs, long ToMs)> _deleted = [];
    private readonly Queue<string> _order = new();

    /// <summary>Since when the namespace had no pod, until its last object was deleted; null if that was not seen.</summary>
    public (long FromMs, long ToMs)? Deleted(string ns) => _deleted.TryGetValue(ns, out var deleted) ? deleted : null;

    /// <summary>The deletion of a pod, seen by an earlier run of the console: it may have been the last one of the namespace.</summary>
    public void Restore(string ns, long podDeletedMs)
    {
        if (!_objects.TryGetValue(ns, out var objects))
            _objects[ns] = objects = new Objects();
        objects.LastPodMs = Math.Max(objects.LastPodMs, podDeletedMs);
        objects.IsRestored = true;
    }

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
        return Close(ns, objects, nowMs) ? ns : null;
    }

    /// <summary>Call it after the first lists: the last objects may have gone while no console was watching.</summary>
    /// <returns>The namespaces of restored pods that have no object left.</returns>
    public IReadOnlyList<string> CloseEmpty(long nowMs) =>
        [.. _objects.Where(entry => entry.Value is { IsRestored: true, Count: 0 }).ToList().Where(entry => Close(entry.Key, entry.Value, nowMs)).Select(entry => entry.Key)];

    private bool Close(string ns, Objects objects, long nowMs)
    {
        _objects.Remove(ns);
        // The workloads may have gone before this run of the console.
        bool workloadsToo = objects.LastWorkloadMs >= objects.LastPodMs || objects is { IsRestored: true, LastWorkloadMs: 0 };
        // The controller goes on as soon as no pod is left; somebody who tidies up comes later.
        if (objects.LastPodMs == 0 || !workloadsToo || nowMs - objects.LastPodMs > MaxPauseMs)
            return false;
        if (!_deleted.ContainsKey(ns))
            _order.Enqueue(ns);
        _deleted[ns] = (objects.LastPodMs, Math.Max(objects.LastWorkloadMs, nowMs));
        while (_order.Count > MaxDeleted)
            _deleted.Remove(_order.Dequeue());
        return true;
    }

    private sealed class Objects
    {
        public int Count { get; set; }

        public bool IsRestored { get; set; }

        public long LastPodMs { get; set; }

        public long LastWorkloadMs { get; set; }
    }
}
