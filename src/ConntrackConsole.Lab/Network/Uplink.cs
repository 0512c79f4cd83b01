using ConntrackConsole.Kernel.Namespaces;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Kernel.Routes;

namespace ConntrackConsole.Lab.Network;

/// <summary>
/// What a node's default gateway does with a packet to a Service's address: it drops it. A namespace with one link to the node, and none
/// to anything else.
/// </summary>
internal sealed class Uplink : IDisposable
{
    private const string Link = "uplink";

    private readonly NetworkNamespace _gateway;
    private readonly LabNode _node;

    private Uplink(NetworkNamespace gateway, LabNode node)
    {
        _gateway = gateway;
        _node = node;
    }

    /// <summary>Routes packets to an address from a node to its uplink.</summary>
    public static Uplink Create(string prefix, LabNode node, Ip address)
    {
        var (next, length) = (node.Addresses.UplinkGateway, node.Addresses.HostLength);
        var gateway = NetworkNamespace.Create($"{prefix}uplink{node.Number}");
        gateway.Run(() =>
        {
            NamespaceSysctl.SetFamily(node.Addresses.IsV6, forwards: true);
            NamespaceSysctl.Set("net/ipv4/ip_forward", "1");
        });
        node.Namespace.Run(() =>
        {
            using var routes = RouteSocket.Open();
            using var other = File.OpenHandle(gateway.FilePath);
            routes.AddVeth(Link, Link, other);
            routes.AddAddress(Link, node.Address, length);
            routes.SetUp(Link, up: true);
        });
        gateway.Run(() =>
        {
            using var routes = RouteSocket.Open();
            routes.AddAddress(Link, next, length);
            routes.SetUp(Link, up: true);
            routes.AddRoute(node.Address, length, Link);
            routes.AddBlackhole(address, length);
        });
        node.Namespace.Run(() =>
        {
            using var routes = RouteSocket.Open();
            routes.AddRoute(next, length, Link);
            routes.AddRoute(address, length, Link, next);
        });
        return new Uplink(gateway, node);
    }

    /// <summary>Removes the link with its routes, and the gateway.</summary>
    public void Dispose()
    {
        _node.Namespace.Run(() =>
        {
            using var routes = RouteSocket.Open();
            routes.DeleteLink(Link);
        });
        _gateway.Dispose();
        NetworkNamespace.Delete(_gateway.Name);
    }
}
