using ConntrackConsole.Kernel.Net;

namespace ConntrackConsole.Kernel.Ipvs;

/// <summary>A connection of IPVS's own table, from /proc/net/ip_vs_conn.</summary>
/// <param name="Proto">Protocol number.</param>
/// <param name="Client">Its client.</param>
/// <param name="Cport">Port of the client; 0 for a template of a persistent Service, which is no connection.</param>
/// <param name="Vip">Address of the Service.</param>
/// <param name="Vport">Port of the Service.</param>
/// <param name="Backend">The server that it leads to.</param>
/// <param name="Bport">Port of the server.</param>
/// <param name="IsClosing">TCP after a FIN or a reset.</param>
/// <param name="ExpiresSeconds">Remaining timeout. Packets to a removed server do not renew it.</param>
internal readonly record struct IpvsConnection(
    byte Proto, Ip Client, ushort Cport, Ip Vip, ushort Vport, Ip Backend, ushort Bport, bool IsClosing, int ExpiresSeconds);
