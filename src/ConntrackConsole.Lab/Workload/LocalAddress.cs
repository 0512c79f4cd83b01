using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace ConntrackConsole.Lab.Workload;

/// <summary>The addresses of the network in which the process runs.</summary>
internal static class LocalAddress
{
    /// <summary>The address of its own: that of the pod's only link.</summary>
    public static IPAddress Own { get; } = NetworkInterface.GetAllNetworkInterfaces().SelectMany(link => link.GetIPProperties().UnicastAddresses)
        .Select(unicast => unicast.Address).FirstOrDefault(address => !IPAddress.IsLoopback(address) && !address.IsIPv6LinkLocal) ?? IPAddress.Loopback;

    /// <summary>Where a server listens.</summary>
    public static IPAddress Any => Own.AddressFamily == AddressFamily.InterNetworkV6 ? IPAddress.IPv6Any : IPAddress.Any;

    /// <summary>The address that packets to a destination have as source, so that it is known even if a connect fails.</summary>
    public static IPAddress Toward(IPEndPoint destination)
    {
        using var probe = new Socket(destination.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        probe.Connect(destination); // sends nothing
        return ((IPEndPoint)probe.LocalEndPoint!).Address;
    }
}
