using ConntrackConsole.Checks.Model;
using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Cluster.State;
using ConntrackConsole.Lifecycle;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Timeline.Model;

namespace ConntrackConsole.Inventory;

/// <summary>Everything about one Service.</summary>
/// <param name="Endpoints">Of its slices: those that terminate first, then those that are not ready.</param>
/// <param name="Backends">Its entries by backend and node.</param>
/// <param name="Rollouts">Of the workloads of its pods, and those that terminated pods of it; newest first.</param>
/// <param name="Checks">Worst first.</param>
internal sealed record ServiceDetail(
    ServiceSummary Service, IReadOnlyList<ServiceEndpoint> Endpoints, IReadOnlyList<BackendEntries> Backends, IReadOnlyList<Rollout> Rollouts,
    IReadOnlyList<CheckResult> Checks)
{
    /// <summary>What conntrack cannot show of it.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    public static ServiceDetail Of(ServiceSummary service, TimelineQueryExecutor reading, CheckReport report, ClusterState cluster)
    {
        var (key, map) = (service.Info.Key, cluster.Current);
        return new ServiceDetail(
            service,
            [.. map.EndpointsOf(key).SelectMany(endpoint => ServiceEndpoint.Of(endpoint, map)).Distinct().OrderByDescending(endpoint => endpoint.Terminating).ThenBy(endpoint => endpoint.Ready).ThenBy(endpoint => endpoint.Address, StringComparer.Ordinal)],
            [.. reading.Backends(key).OrderByDescending(entries => entries.State.LeadsAstray()).ThenBy(entries => entries.BackendIp, StringComparer.Ordinal).ThenBy(entries => entries.Node, StringComparer.Ordinal)],
            RolloutsOf(key, cluster), [.. report.Results.Where(result => result.Subject == CheckSubject.Of(key))])
        {
            Notes = map.Notes(key),
        };
    }

    private static List<Rollout> RolloutsOf(ServiceKey key, ClusterState cluster)
    {
        var map = cluster.Current;
        var ids = cluster.Terminations.Where(termination => termination.Service == key).Select(termination => termination.RolloutId).OfType<string>().ToHashSet(StringComparer.Ordinal);
        var workloads = new HashSet<string>(StringComparer.Ordinal);
        foreach (var endpoint in map.EndpointsOf(key))
        {
            if (endpoint.PodUid is not { } uid || map.Pods.GetValueOrDefault(uid)?.Controller is not { } controller)
                continue;
            workloads.Add(controller.Uid);
            if (map.Workloads.GetValueOrDefault(controller.Uid)?.Controller is { } above)
                workloads.Add(above.Uid);
        }

        return [.. cluster.Rollouts.Where(rollout => ids.Contains(rollout.Id) || workloads.Contains(rollout.WorkloadUid)).OrderByDescending(rollout => rollout.StartedMs)];
    }
}

/// <summary>An address in the slices of a Service.</summary>
/// <param name="Pod">Name of the pod; null if it is not a pod's, or the pod is not known.</param>
/// <param name="Phase">Of the pod; null if it is not known.</param>
internal sealed record ServiceEndpoint(string Address, bool Ready, bool Serving, bool Terminating, string? Pod, string? Node, string? Phase)
{
    public static IEnumerable<ServiceEndpoint> Of(SliceEndpoint endpoint, ClusterMap map)
    {
        var pod = endpoint.PodUid is { } uid ? map.Pods.GetValueOrDefault(uid) : null;
        return endpoint.Addresses.Select(address => new ServiceEndpoint(
            address.ToString(), endpoint.Ready, endpoint.Serving, endpoint.Terminating, pod?.Name, endpoint.Node ?? pod?.Node, pod?.Phase));
    }
}
