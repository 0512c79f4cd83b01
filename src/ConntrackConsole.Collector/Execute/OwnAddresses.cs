using System.Net.NetworkInformation;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Execute;

/// <summary>The addresses of this node's interfaces and its gateways, as they are now.</summary>
internal static class OwnAddresses
{
    public static IReadOnlySet<Ip> Read()
    {
        var addresses = new HashSet<Ip>();
        foreach (var card in NetworkInterface.GetAllNetworkInterfaces())
        {
            var properties = card.GetIPProperties();
            foreach (var address in properties.UnicastAddresses)
                addresses.Add(Ip.From(address.Address));
            foreach (var gateway in properties.GatewayAddresses)
                addresses.Add(Ip.From(gateway.Address));
        }

        return addresses;
    }
}
