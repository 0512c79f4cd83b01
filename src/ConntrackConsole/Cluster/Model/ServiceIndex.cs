using System.Collections.Immutable;
using ConntrackConsole.Kernel.Net;

namespace ConntrackConsole.Cluster.Model;

/// <summary>
/// Services by name, by address and port (ClusterIPs, external and LoadBalancer addresses) and by NodePort. Two may claim the
/// same key for a while (an address reassigned to a new Service, an external address of two Services): the newer claim wins,
/// and the other one applies again when it ends.
/// </summary>
internal sealed record ServiceIndex
{
    public static readonly ServiceIndex Empty = new();

    public ImmutableDictionary<ServiceKey, ServiceInfo> All { get; private init; } = ImmutableDictionary<ServiceKey, ServiceInfo>.Empty;

    private ImmutableDictionary<Ip, SmallList<ServiceInfo>> ByIp { get; init; } = ImmutableDictionary<Ip, SmallList<ServiceInfo>>.Empty;

    // NodePorts are stored with an empty address.
    private ImmutableDictionary<(Ip, byte, ushort), SmallList<ServiceInfo>> ByPort { get; init; } = ImmutableDictionary<(Ip, byte, ushort), SmallList<ServiceInfo>>.Empty;

    public ServiceInfo? At(Ip ip) => ByIp.Of(ip).Newest;

    /// <summary>Every Service that claims an address and port, the newest claim last.</summary>
    public SmallList<ServiceInfo> At(byte proto, Ip vip, ushort port) => ByPort.Of((vip, proto, port));

    /// <summary>Every Service that claims a NodePort, the newest claim last.</summary>
    public SmallList<ServiceInfo> AtNodePort(byte proto, ushort port) => ByPort.Of((default, proto, port));

    public ServiceIndex With(ServiceInfo service)
    {
        if (!All.TryGetValue(service.Key, out var old))
            old = service;
        var (byIp, byPort) = (ByIp, ByPort);
        // A modified Service keeps the rank of each claim that it keeps: only a new claim is the newest.
        foreach (var ip in Vips(old).Except(Vips(service)))
            byIp = byIp.Removing(ip, old);
        foreach (var place in Places(old).Except(Places(service)))
            byPort = byPort.Removing(place, old);
        foreach (var ip in Vips(service))
            byIp = byIp.Replacing(ip, old, service);
        foreach (var place in Places(service))
            byPort = byPort.Replacing(place, old, service);
        return new ServiceIndex { All = All.SetItem(service.Key, service), ByIp = byIp, ByPort = byPort };
    }

    /// <summary>The claims of each address in another order, the newest last: a first list does not show which of them is newer.</summary>
    public ServiceIndex Sorted(Comparison<ServiceInfo> comparison)
    {
        var (byIp, byPort) = (ByIp, ByPort);
        foreach (var (ip, claims) in ByIp.Where(claims => claims.Value.Count > 1))
            byIp = byIp.SetItem(ip, claims.Sort(comparison));
        foreach (var (place, claims) in ByPort.Where(claims => claims.Value.Count > 1))
            byPort = byPort.SetItem(place, claims.Sort(comparison));
        return this with { ByIp = byIp, ByPort = byPort };
    }

    public ServiceIndex Without(ServiceInfo service)
    {
        // A Service that was recreated under the same name has another uid: the deletion of the old one does not apply to it.
        if (!All.TryGetValue(service.Key, out var old) || old.Uid != service.Uid)
            return this;
        var (byIp, byPort) = (ByIp, ByPort);
        foreach (var ip in Vips(old))
            byIp = byIp.Removing(ip, old);
        foreach (var place in Places(old))
            byPort = byPort.Removing(place, old);
        return new ServiceIndex { All = All.Remove(old.Key), ByIp = byIp, ByPort = byPort };
    }

    /// <summary>Every address that is translated for a Service; empty for a headless one.</summary>
    public static IEnumerable<Ip> Vips(ServiceInfo service) => service.ClusterIps.Concat(service.OtherIps).Where(ip => !ip.IsNone);

    private static IEnumerable<(Ip, byte, ushort)> Places(ServiceInfo service)
    {
        foreach (var port in service.Ports)
        {
            foreach (var ip in Vips(service))
                yield return (ip, port.Proto, port.Port);
            if (port.NodePort != 0)
                yield return (default, port.Proto, port.NodePort);
        }
    }
}
