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

    private static readonly Ip Gateway = Ip.Parse("169.254.2.1");

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
        var gateway = NetworkNamespace.Create($"{prefix}uplink{node.Number}");
        gateway.Run(() =>
        {
            NamespaceSysctl.Set("net/ipv6/conf/default/disable_ipv6", "1");
            NamespaceSysctl.Set("net/ipv4/ip_forward", "1");
        });
        node.Namespace.Run(() =>
        {
            using var routes = RouteSocket.Open();
            using var other = File.OpenHandle(gateway.FilePath);
            routes.AddVeth(Link, Link, other);
            routes.AddAddress(Link, node.Address, 32);
            routes.SetUp(Link, up: true);
        });
        gateway.Run(() =>
        {
            using var routes = RouteSocket.Open();
            routes.AddAddress(Link, Gateway, 32);
            routes.SetUp(Link, up: true);
            routes.AddRoute(node.Address, 32, Link);
            routes.AddBlackhole(address, 32);
        });
        node.Namespace.Run(() =>
        {
            using var routes = RouteSocket.Open();
            routes.AddRoute(Gateway, 32, Link);
            routes.AddRoute(address, 32, Link, Gateway);
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
