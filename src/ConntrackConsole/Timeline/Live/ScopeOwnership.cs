using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Cluster.State;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Nodes;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Timeline.Live;

/// <summary>Which Services the scope of a flush concerns, and whether its entries lead to a live pod that is no backend of them.</summary>
internal static class ScopeOwnership
{
    /// <summary>
    /// The Service, if the scope is exactly one of its ports and the pod at the address is no backend of it; null if that is not
    /// proven. A wider scope also contains the NodePorts and hostPorts at the same address, which may be the pod's own.
    /// </summary>
    public static string? NotBackendOf(ClusterState cluster, Ip ip, FlushScope? scope)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        if (scope is not { Proto: not null, VipPort: > 0 and <= ushort.MaxValue and var port } || !Ip.TryParse(scope.Vip, out var vip))
            return null;
        var map = cluster.Current;
        if (ServicesOf(map, scope) is not [var service, ..] || ObstacleOf(map, scope) is not null)
            return null;
        byte proto = service.Ports.First(p => Protocols.Name(p.Proto) == scope.Proto).Proto;
        // A UDP entry to a pod that is not ready is stale as well: kube-proxy deletes it.
        return EntryStateClassifier.Of(map, new GroupKey(proto, vip, (ushort)port, ip, 0), cluster.History) is EntryState.Reassigned or EntryState.Stale
            ? service.Key.ToString()
            : null;
    }

    /// <summary>
    /// Why entries at an address and port may be a pod's own, so that a flush of them is refused while their backend is live; null if
    /// they are certainly the Service's.
    /// </summary>
    public static ScopeObstacle? ObstacleOf(ClusterMap map, FlushScope scope)
    {
        ArgumentNullException.ThrowIfNull(scope);
        var services = ServicesOf(map, scope);
        // Which of several claims made the entries is not known: the pod may be a backend of any of them.
        if (services.Count > 1)
            return new ScopeObstacle([.. services.Select(s => s.Key.ToString())]);
        // The hostPorts of the pods are not known, and are at the addresses of their nodes.
        return services is [var service] && Ip.TryParse(scope.Vip, out var vip) && map.NodeIndex.At(vip) is not null && HasAddress(service, vip)
            ? new ScopeObstacle([]) : null;
    }

    /// <summary>
    /// Every Service that claims an address and port in scope, by its own addresses or by a NodePort; none without an address in the
    /// scope.
    /// </summary>
    public static IReadOnlyList<ServiceInfo> ServicesOf(ClusterMap map, FlushScope? scope)
    {
        ArgumentNullException.ThrowIfNull(map);
        if (scope is null || !Ip.TryParse(scope.Vip, out var vip))
            return [];
        // A node may have an address that its status does not list: an external address can be one.
        bool hasNodePorts = map.NodeIndex.At(vip) is not null || map.Services.Values.Any(s => s.OtherIps.Contains(vip));
        return
        [
            .. from service in map.Services.Values
               let hasAddress = HasAddress(service, vip)
               where service.Ports.Any(p => (scope.Proto is null || Protocols.Name(p.Proto) == scope.Proto)
                   && ((hasAddress && IsInScope(p.Port)) || (hasNodePorts && p.NodePort != 0 && IsInScope(p.NodePort))))
               orderby service.Key.Namespace, service.Key.Name
               select service,
        ];

        bool IsInScope(ushort port) => scope.VipPort is null || scope.VipPort == port;
    }

    private static bool HasAddress(ServiceInfo service, Ip vip) => service.ClusterIps.Contains(vip) || service.OtherIps.Contains(vip);
}
