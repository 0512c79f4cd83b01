namespace ConntrackConsole.Cluster.Model;

/// <summary>The workload of a pod, for display.</summary>
internal static class WorkloadName
{
    /// <summary>Kind/name; a ReplicaSet's Deployment where it is known. Null if the pod is not in the map.</summary>
    public static string? Of(ClusterMap map, string podUid) =>
        map.Pods.GetValueOrDefault(podUid)?.Controller is not { } controller ? null
        : map.Workloads.GetValueOrDefault(controller.Uid)?.Controller is { } above ? $"{above.Kind}/{above.Name}" : $"{controller.Kind}/{controller.Name}";
}
