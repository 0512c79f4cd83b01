using System.Net;
using System.Net.Sockets;

namespace ConntrackConsole.Lab.Workload;

/// <summary>The address that packets to a destination have as source, so that it is known even if a connect fails.</summary>
internal static class LocalAddress
{
    public static IPAddress Toward(IPEndPoint destination)
    {
        using var probe = new Socket(destination.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        probe.Connect(destination); // sends nothing
        return ((IPEndPoint)probe.LocalEndPoint!).Address;
    }
}
