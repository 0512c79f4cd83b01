using ConntrackConsole.Kernel.Net;

namespace ConntrackConsole.Wire;

/// <summary>How much of IPVS's table a node could read.</summary>
public enum IpvsReadState : byte
{
    /// <summary>All of it.</summary>
    Complete = 0,
    /// <summary>It was too long, or a line could not be parsed: there may be more.</summary>
    Partial = 1,
    /// <summary>IPVS is loaded, but its table cannot be opened: nothing is known.</summary>
    Unreadable = 2,
}

/// <summary>
/// Connections that IPVS keeps, on one node, to servers that get no new ones. Sent when it changes and with each key frame; never by a
/// node without IPVS.
/// </summary>
/// <param name="State">How much could be read.</param>
/// <param name="ExpireNodestConn">net.ipv4.vs.expire_nodest_conn; null = unknown.</param>
/// <param name="Servers">By Service and server, at most <see cref="MaxServers"/>; removed servers first.</param>
/// <param name="MoreConnections">Connections of servers that did not fit.</param>
public sealed record IpvsReading(
    IpvsReadState State, bool? ExpireNodestConn, IReadOnlyList<IpvsServerConnections> Servers, uint MoreConnections)
{
    /// <summary>Maximum number of <see cref="Servers"/>.</summary>
    public const int MaxServers = 500;

    /// <summary>True if it has nothing to report: IPVS keeps no such connection, as far as it could be read.</summary>
    public bool IsEmpty => Servers.Count == 0 && MoreConnections == 0;
}

/// <summary>Open connections of one Service to one server that was removed from IPVS or has weight 0.</summary>
/// <param name="Proto">Protocol number.</param>
/// <param name="Vip">Address of the Service.</param>
/// <param name="Vport">Port of the Service.</param>
/// <param name="Server">Address of the server: the pod.</param>
/// <param name="Port">Port of the server.</param>
/// <param name="IsRemoved">The server was removed; otherwise its weight is 0.</param>
/// <param name="Connections">Number of connections; closing ones are not counted.</param>
/// <param name="MaxSeconds">The longest of their remaining timeouts; packets to a removed server do not renew it.</param>
public readonly record struct IpvsServerConnections(
    byte Proto, Ip Vip, ushort Vport, Ip Server, ushort Port, bool IsRemoved, uint Connections, uint MaxSeconds);
