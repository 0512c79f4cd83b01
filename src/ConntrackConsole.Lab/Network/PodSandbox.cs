using ConntrackConsole.Kernel.Namespaces;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Kernel.Routes;

namespace ConntrackConsole.Lab.Network;

/// <summary>A pod's network: a namespace with one link to its node, routed, with a link-local gateway.</summary>
internal sealed class PodSandbox
{
    private static int _links;

    private readonly LabNode _node;
    private readonly string? _link; // null: the node's own network
    private int _removed;

    private PodSandbox(LabNode node, NetworkNamespace networkNamespace, Ip address, string? link)
    {
        _node = node;
        Namespace = networkNamespace;
        Address = address;
        _link = link;
    }

    public NetworkNamespace Namespace { get; }

    public Ip Address { get; }

    /// <summary>A pod of the host's network: it has the address of its node.</summary>
    public static PodSandbox OfHost(LabNode node) => new(node, NetworkNamespace.Open(node.Namespace.Name), node.Address, null);

    /// <param name="node">The pod's node.</param>
    /// <param name="prefix">Of the namespace's name.</param>
    /// <param name="podName">The pod.</param>
    /// <param name="wanted">Its address; none = the node's next one.</param>
    /// <param name="isRouted">False: no packet reaches it before <see cref="Route"/>.</param>
    public static PodSandbox Create(LabNode node, string prefix, string podName, Ip wanted = default, bool isRouted = true)
    {
        var address = wanted.IsNone ? node.TakePodAddress() : wanted;
        var (gateway, length) = (node.Addresses.PodGateway, node.Addresses.HostLength);
        string link = $"veth{Interlocked.Increment(ref _links):x8}";
        var networkNamespace = NetworkNamespace.Create(prefix + podName);
        var sandbox = new PodSandbox(node, networkNamespace, address, link);
        networkNamespace.Run(() => NamespaceSysctl.SetFamily(node.Addresses.IsV6, forwards: false));
        node.Namespace.Run(() =>
        {
            using var routes = RouteSocket.Open();
            using var other = File.OpenHandle(networkNamespace.FilePath);
            routes.AddVeth(link, "eth0", other);
            routes.AddAddress(link, gateway, length);
            routes.SetUp(link, up: true);
        });
        networkNamespace.Run(() =>
        {
            using var routes = RouteSocket.Open();
            routes.SetUp("lo", up: true);
            routes.AddAddress("eth0", address, length);
            routes.SetUp("eth0", up: true);
            routes.AddRoute(gateway, length, "eth0");
            routes.AddRoute(node.Addresses.Anywhere, 0, "eth0", gateway);
        });
        if (isRouted)
            sandbox.Route();
        return sandbox;
    }

    /// <summary>Adds the node's route to the pod.</summary>
    public void Route() => _node.Namespace.Run(() =>
    {
        using var routes = RouteSocket.Open();
        routes.AddRoute(Address, _node.Addresses.HostLength, _link ?? throw new InvalidOperationException("A node's own network has its routes."), source: _node.Address);
    });

    /// <summary>Sets the link down on the node's side: its route is removed with it, and no packet passes in either direction.</summary>
    public void Disconnect() => _node.Namespace.Run(() =>
    {
        using var routes = RouteSocket.Open();
        routes.SetUp(_link ?? throw new InvalidOperationException("The network of a node stays connected."), up: false);
    });

    /// <summary>Removes link and namespace. The namespace's thread ends: processes that it started must have ended.</summary>
    public void Remove()
    {
        if (Interlocked.Exchange(ref _removed, 1) != 0)
            return;
        if (_link is not { } link)
        {
            Namespace.Dispose();
            return;
        }

        _node.Namespace.Run(() =>
        {
            // Explicitly, because the namespace itself may live on for a while in a socket that is still closing.
            using var routes = RouteSocket.Open();
            routes.DeleteLink(link);
        });
        Namespace.Dispose();
        NetworkNamespace.Delete(Namespace.Name);
    }
}
