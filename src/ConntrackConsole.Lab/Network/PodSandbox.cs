
using ConntrackConsole.Kernel.Namespaces;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Kernel.Routes;
using ConntrackConsole.Lab.Instances;

namespace ConntrackConsole.Lab.Network;

/// <summary>A pod's network: a namespace with one cable to its node, routed, with a link-local gateway.</summary>
internal sealed class PodSandbox
{
    private static int _cables;

    private readonly LabNode _node;
    private readonly string _cable;
    private int _removed;

    private PodSandbox(LabNode node, NetworkNamespace place, Ip address, string cable)
    {
        _node = node;
        Place = place;
        Address = address;
        _cable = cable;
    }

    public NetworkNamespace Place { get; }

    public Ip Address { get; }

    public static PodSandbox Create(LabNode node, string prefix, string podName)
    {
        var address = node.TakePodAddress();
        string cable = $"veth{Interlocked.Increment(ref _cables):x8}";
        var place = NetworkNamespace.Create(prefix + podName);
        var sandbox = new PodSandbox(node, place, address, cable);
        place.Run(() => NamespaceSysctl.Set("net/ipv6/conf/default/disable_ipv6", "1"));
        node.Place.Run(() =>
        {
            using var routes = RouteSocket.Open();
            using var other = File.OpenHandle(place.FilePath);
            routes.AddVeth(cable, "eth0", other);
            routes.AddAddress(cable, AddressPlan.PodGateway, 32);
            routes.SetUp(cable, up: true);
            routes.AddRoute(address, 32, cable, source: node.Address);
        });
        place.Run(() =>
        {
            using var routes = RouteSocket.Open();
            routes.SetUp("lo", up: true);
            routes.AddAddress("eth0", address, 32);
            routes.SetUp("eth0", up: true);
            routes.AddRoute(AddressPlan.PodGateway, 32, "eth0");
            routes.AddRoute(Ip.Parse("0.0.0.0"), 0, "eth0", AddressPlan.PodGateway);
        });
        return sandbox;
    }

    /// <summary>Takes the cable down on the node's side: its route goes with it, and nothing passes in either direction.</summary>
    public void Disconnect() => _node.Place.Run(() =>
    {
        using var routes = RouteSocket.Open();
        routes.SetUp(_cable, up: false);
    });

    /// <summary>Removes cable and namespace. The namespace's thread ends: processes that it started must have ended.</summary>
    public void Remove()
    {
        if (Interlocked.Exchange(ref _removed, 1) != 0)
            return;
        _node.Place.Run(() =>
        {
            // By hand, because the namespace itself may live on for a while in a socket that is still closing.
            using var routes = RouteSocket.Open();
            routes.DeleteLink(_cable);
        });
        Place.Dispose();
        NetworkNamespace.Delete(Place.Name);
    }
}
