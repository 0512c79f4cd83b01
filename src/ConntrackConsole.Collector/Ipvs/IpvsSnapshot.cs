using ConntrackConsole.Kernel.Ipvs;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Ipvs;

/// <summary>The open connections that IPVS has for a pod's address, and whether it is still a server. Closing ones are left out.</summary>
/// <param name="Summary">Their numbers, with the switches that decide what becomes of them.</param>
/// <param name="Removed">Connections to a server that was removed.</param>
/// <param name="Others">All other connections.</param>
/// <param name="Servers">In how many Services the address is a server.</param>
internal sealed record IpvsSnapshot(
    IpvsConnectionSummary Summary, IReadOnlyList<IpvsConnection> Removed, IReadOnlyList<IpvsConnection> Others, int Servers)
{
    /// <summary>Reads IPVS's table; null where IPVS is not loaded. What cannot be read is unreadable, and not absent.</summary>
    /// <param name="podIp">The address of the server.</param>
    /// <param name="proto">Only this protocol; 0 = any.</param>
    /// <param name="vip">Only this Service address; none = any.</param>
    /// <param name="vport">Only this port of it; 0 = any.</param>
    /// <param name="proc">Normally /proc.</param>
    public static IpvsSnapshot? TryRead(Ip podIp, byte proto = 0, Ip vip = default, ushort vport = 0, string proc = "/proc")
    {
        if (IpvsTable.TryRead(podIp, proc) is not { } table)
            return null;
        var switches = IpvsSwitches.Read(proc);
        var removed = table.Removed.Where(Counts).ToList();
        var gone = removed.ToHashSet();
        var others = table.Connections.Where(connection => Counts(connection) && !gone.Contains(connection)).ToList();
        var summary = new IpvsConnectionSummary(
            removed.Count, table.Draining.Count(Counts), removed.Count + others.Count,
            removed.Select(connection => connection.ExpiresSeconds).DefaultIfEmpty().Max(), switches.ExpireNodestConn, switches.Conntrack, table.IsPartial, table.Unreadable is not null);
        return new IpvsSnapshot(summary, removed, others, table.Servers.Count);

        bool Counts(IpvsConnection connection) => !connection.IsClosing && (proto == 0 || proto == connection.Proto)
            && (vip.IsNone || (vip == connection.Vip && (vport == 0 || vport == connection.Vport)));
    }
}
