using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Components.Controls.Timeline;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Components.Controls.Actions;

/// <summary>A Service address and port that a flush can be limited to.</summary>
public sealed record ScopeOption(string Id, string Name, FlushScope Scope)
{
    /// <summary>The Service addresses of the previewed entries.</summary>
    public static IEnumerable<ScopeOption> Among(IEnumerable<FlushPreview> previews, string podIp, ClusterMap map) =>
        from entry in previews.SelectMany(p => p.Entries)
        where entry.Dst != podIp && entry.Dport is not null
        group entry by (entry.Proto, entry.Dst, entry.Dport) into g
        let scope = new FlushScope(g.Key.Proto, g.Key.Dst, g.Key.Dport)
        select Of(scope, map);

    /// <summary>The ports of the Service that has the address.</summary>
    public static IEnumerable<ScopeOption> AtService(ClusterMap map, Ip ip) =>
        ServiceScopes.Of(map, ip).Select(scope => Of(scope, map));

    private static ScopeOption Of(FlushScope scope, ClusterMap map) => new($"{scope.Proto} {scope.Vip} {scope.VipPort}", Named(scope, map), scope);

    private static string Named(FlushScope scope, ClusterMap map)
    {
        string address = ViewBytes.Address(scope.Vip!, scope.VipPort!.Value);
        byte proto = scope.Proto switch { "udp" => Protocols.Udp, "sctp" => Protocols.Sctp, _ => Protocols.Tcp };
        return Ip.TryParse(scope.Vip, out var vip) && map.ServiceAt(proto, vip, (ushort)scope.VipPort!.Value) is { } service
            ? $"{service} ({address} {scope.Proto})"
            : $"{address} {scope.Proto}";
    }
}
