using ConntrackConsole.Kernel.Namespaces;
using ConntrackConsole.Kernel.Routes;
using ConntrackConsole.Lab.Instances;

namespace ConntrackConsole.Lab.Network;

/// <summary>
/// Up to three nodes, each connected to each other by a separate veth pair. There is no uplink: no interface leads out of these
/// namespaces, so no packet can leave the machine.
/// </summary>
internal sealed class LabNetwork : IDisposable
{
    private LabNetwork(IReadOnlyList<LabNode> nodes) => Nodes = nodes;

    /// <summary>The addresses of the lab.</summary>
    public AddressPlan Addresses => Nodes[0].Addresses;

    public IReadOnlyList<LabNode> Nodes { get; }

    /// <param name="instance">The lab.</param>
    /// <param name="nodes">How many.</param>
    /// <param name="addresses">Of this network.</param>
    public static LabNetwork Create(LabInstance instance, int nodes, AddressPlan addresses)
    {
        var network = new LabNetwork([.. Enumerable.Range(1, nodes)
            .Select(number => new LabNode(number, NetworkNamespace.Create($"{instance.Prefix}node{number}"), addresses))]);
        foreach (var node in network.Nodes)
            node.Namespace.Run(() => Prepare(node));
        if (nodes == 1)
            network.Nodes[0].Namespace.Run(() => AddOwnAddress(network.Nodes[0]));
        foreach (var node in network.Nodes)
        {
            foreach (var other in network.Nodes.Where(other => other.Number > node.Number))
                Join(node, other);
        }

        return network;
    }

    /// <summary>Sets all links of a node to the others down, on its own side: no packet reaches it, and the routes of the others stay.</summary>
    public void Disconnect(LabNode node) => node.Namespace.Run(() =>
    {
        using var routes = RouteSocket.Open();
        foreach (var other in Nodes.Where(other => other != node))
            routes.SetUp($"link{other.Number}", up: false);
    });

    /// <summary>The opposite: the node's own routes went with its links.</summary>
    public void Reconnect(LabNode node) => node.Namespace.Run(() =>
    {
        using var routes = RouteSocket.Open();
        foreach (var other in Nodes.Where(other => other != node))
            Route(routes, node, other);
    });

    public void Dispose()
    {
        foreach (var node in Nodes)
        {
            node.Namespace.Dispose();
            NetworkNamespace.Delete(node.Namespace.Name);
        }
    }

    private static void Prepare(LabNode node)
    {
        NamespaceSysctl.Set("net/ipv4/ip_forward", "1");
        NamespaceSysctl.Set("net/ipv4/conf/all/rp_filter", "0");
        NamespaceSysctl.Set("net/ipv4/conf/default/rp_filter", "0");
        NamespaceSysctl.Set("net/ipv4/conf/all/send_redirects", "0");
        NamespaceSysctl.Set("net/ipv4/conf/default/send_redirects", "0");
        NamespaceSysctl.SetFamily(node.Addresses.IsV6, forwards: true);
        using var routes = RouteSocket.Open();
        routes.SetUp("lo", up: true);
        // A pod's own route is longer; without one, packets to a removed pod are dropped silently, as in real pod networks.
        routes.AddBlackhole(node.Addresses.PodNetwork(node.Number), node.Addresses.PodLength);
    }

    // Otherwise its links to the others have it.
    private static void AddOwnAddress(LabNode node)
    {
        using var routes = RouteSocket.Open();
        routes.AddAddress("lo", node.Address, node.Addresses.HostLength);
    }

    private static void Join(LabNode left, LabNode right)
    {
        left.Namespace.Run(() =>
        {
            using var routes = RouteSocket.Open();
            using var other = File.OpenHandle(right.Namespace.FilePath);
            routes.AddVeth($"link{right.Number}", $"link{left.Number}", other);
            Connect(routes, left, right);
        });
        right.Namespace.Run(() =>
        {
            using var routes = RouteSocket.Open();
            Connect(routes, right, left);
        });
    }

    private static void Connect(RouteSocket routes, LabNode node, LabNode other)
    {
        routes.AddAddress($"link{other.Number}", node.Address, node.Addresses.HostLength);
        Route(routes, node, other);
    }

    private static void Route(RouteSocket routes, LabNode node, LabNode other)
    {
        string link = $"link{other.Number}";
        routes.SetUp(link, up: true);
        routes.AddRoute(other.Address, other.Addresses.HostLength, link, source: node.Address);
        routes.AddRoute(other.Addresses.PodNetwork(other.Number), other.Addresses.PodLength, link, other.Address, node.Address);
    }
}
