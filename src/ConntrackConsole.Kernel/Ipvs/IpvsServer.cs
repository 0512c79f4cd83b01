using ConntrackConsole.Kernel.Net;

namespace ConntrackConsole.Kernel.Ipvs;

/// <summary>A real server of an IPVS Service, from /proc/net/ip_vs.</summary>
/// <param name="Proto">Protocol number; 0 for a Service by firewall mark.</param>
/// <param name="Vip">Address of the Service; none for one by firewall mark.</param>
/// <param name="Vport">Port of the Service.</param>
/// <param name="Address">Address of the server: the pod.</param>
/// <param name="Port">Port of the server.</param>
/// <param name="Weight">0: no new connection is scheduled to it.</param>
internal readonly record struct IpvsServer(byte Proto, Ip Vip, ushort Vport, Ip Address, ushort Port, int Weight)
{
    /// <summary>True if the connection can have been scheduled to this server.</summary>
    public bool Serves(in IpvsConnection connection) => connection.Backend == Address && (Vip.IsNone
        ? Port == 0 || Port == connection.Bport // A firewall mark stands for any protocol, address and port.
        : connection.Bport == Port && connection.Proto == Proto && connection.Vip == Vip && connection.Vport == Vport);
}
