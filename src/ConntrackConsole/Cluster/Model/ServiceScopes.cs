using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Cluster.Model;

/// <summary>The ports of Services, as addresses of entries.</summary>
internal static class ServiceScopes
{
    /// <summary>A scope for each port of the Services that have this address.</summary>
    public static IReadOnlyList<FlushScope> Of(ClusterMap map, Ip ip) =>
    [
        .. from service in map.Services.Values
           where service.ClusterIps.Contains(ip) || service.OtherIps.Contains(ip)
           from port in service.Ports
           orderby port.Port, port.Proto
           select new FlushScope(Protocols.Name(port.Proto), ip.ToString(), port.Port),
    ];

    /// <summary>
    /// Every address and port, for the collectors; without those of a node: there a process of the node can listen, and its entries
    /// are rightly not translated.
    /// </summary>
    public static IEnumerable<ServiceAddress> All(ClusterMap map) =>
        from service in map.Services.Values
        orderby service.Key.Namespace, service.Key.Name
        from ip in service.ClusterIps.Concat(service.OtherIps).Distinct()
        where map.OwnerOf(ip).State != OwnerState.Node
        from port in service.Ports
        select new ServiceAddress(port.Proto, ip, port.Port);
}
