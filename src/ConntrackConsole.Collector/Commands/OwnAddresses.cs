using System.Net.NetworkInformation;
using ConntrackConsole.Kernel.Net;

namespace ConntrackConsole.Collector.Commands;

/// <summary>
/// The current addresses of this node's interfaces and gateways, and the network and broadcast addresses of its networks: none of
/// them can be a pod's.
/// </summary>
internal static class OwnAddresses
{
    public static IReadOnlySet<Ip> Read()
    {
        var addresses = new HashSet<Ip>();
        foreach (var card in NetworkInterface.GetAllNetworkInterfaces())
        {
            var properties = card.GetIPProperties();
            foreach (var address in properties.UnicastAddresses)
            {
                var own = Ip.From(address.Address);
                addresses.Add(own);
                addresses.UnionWith(EndsOf(own, address.PrefixLength));
            }

            foreach (var gateway in properties.GatewayAddresses)
                addresses.Add(Ip.From(gateway.Address));
        }

        return addresses;
    }

    /// <summary>
    /// The network and broadcast addresses of a network; a point-to-point network (/31, /32, /127, /128) has none.
    /// </summary>
    public static IEnumerable<Ip> EndsOf(Ip own, int prefixLength)
    {
        int bits = own.Length * 8;
        if (prefixLength <= 0 || prefixLength >= bits - 1)
            yield break;
        var network = own.Masked(prefixLength);
        yield return network; // IPv6: the subnet's router anycast address.
        if (own.IsV4)
            yield return Ip.V4(network.V4Number | (uint.MaxValue >> prefixLength));
    }
}
