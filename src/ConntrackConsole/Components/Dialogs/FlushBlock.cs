using ConntrackConsole.Cluster.State;
using ConntrackConsole.Components.State;
using ConntrackConsole.Timeline.Model;

namespace ConntrackConsole.Components.Dialogs;

/// <summary>Why flushes are disabled while live data is missing or stale. For display only: the guards decide.</summary>
internal static class FlushBlock
{
    /// <returns>Null if nothing is known against a flush.</returns>
    public static string? Reason(ClusterState cluster, IReadOnlyList<NodeHealth> nodes, long nowMs)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        if (!cluster.HasCluster)
            return "No cluster is configured, so the owner of this address is unknown. Flushes are disabled.";
        if (cluster.Age > TimeSpan.FromSeconds(10))
            return "The cluster data is stale. Flushes are disabled until the Kubernetes watch recovers.";
        var reporting = nodes.Where(node => node.Reports(nowMs)).ToList();
        if (reporting.Count == 0)
            return "No collector is connected. Flushes are disabled.";
        return reporting.All(node => node.ObserveOnly())
            ? "All reporting nodes are observe-only: their collectors run with --observe-only and reject all commands. This is set on the node."
            : null;
    }
}
