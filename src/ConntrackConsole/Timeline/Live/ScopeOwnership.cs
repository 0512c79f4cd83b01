using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Cluster.State;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Timeline.Live;

/// <summary>Whether the entries in the scope of a flush lead to a live pod that is no backend of the scope's Service.</summary>
internal static class ScopeOwnership
{
    private static readonly byte[] AllProtocols = [Protocols.Tcp, Protocols.Udp, Protocols.Sctp];

    /// <summary>The Service, if none of the ports in scope has the pod at the address as a backend; else null.</summary>
    public static string? NotBackendOf(ClusterState cluster, Ip ip, FlushScope? scope)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        var map = cluster.Current;
        if (scope?.Vip is not { } address || !Ip.TryParse(address, out var vip))
            return null;
        string? name = null;
        foreach (var (proto, port) in PortsOf(map, vip, scope))
        {
            if (map.ServiceAt(proto, vip, port) is not { } service)
                continue;
            // A UDP entry to a pod that is not ready is stale as well: kube-proxy deletes it.
            if (EntryStateClassifier.Of(map, new GroupKey(proto, vip, port, ip, 0), cluster.History) is not (EntryState.Reassigned or EntryState.Stale))
                return null;
            name = service.ToString();
        }

        return name;
    }

    private static IEnumerable<(byte Proto, ushort Port)> PortsOf(ClusterMap map, Ip vip, FlushScope scope)
    {
        byte[] protocols = scope.Proto is { } named ? [.. AllProtocols.Where(p => Protocols.Name(p) == named)] : AllProtocols;
        if (scope.VipPort is > 0 and <= ushort.MaxValue and var port)
            return protocols.Select(proto => (proto, (ushort)port));
        return from service in map.Services.Values
               where service.ClusterIps.Contains(vip) || service.OtherIps.Contains(vip)
               from p in service.Ports
               where protocols.Contains(p.Proto)
               select (p.Proto, p.Port);
    }
}
