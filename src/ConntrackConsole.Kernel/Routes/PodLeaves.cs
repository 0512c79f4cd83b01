using ConntrackConsole.Kernel.Netlink;

namespace ConntrackConsole.Kernel.Routes;

/// <summary>The role of an interface for packets that arrive on it.</summary>
internal enum Leaf : byte
{
    /// <summary>lo, a bridge, a tunnel, a VLAN or bond on top of hardware: its packets appear elsewhere too.</summary>
    None,
    /// <summary>A link that ends in a pod's namespace, or (kind, the lab) in another node's.</summary>
    PodLink,
    /// <summary>A pod's link that is a port of a bridge of pods.</summary>
    BridgePort,
    /// <summary>A network card.</summary>
    Hardware,
}

/// <summary>Classifies the interfaces of this namespace, for the packet reader.</summary>
internal sealed class PodLeaves : IDisposable
{
    private readonly NetlinkSocket _socket = NetlinkSocket.Open(NetlinkFamily.Route);
    private readonly LeafLinks _links;

    public PodLeaves() => _links = new LeafLinks(_socket, TimeProvider.System);

    public Leaf Of(uint link)
    {
        try
        {
            if (_links.IsPodLink(link))
                return _links.IsPodBridge(_links.MasterOf(link)) ? Leaf.BridgePort : Leaf.PodLink;
            return _links.IsHardware(link) ? Leaf.Hardware : Leaf.None;
        }
        catch (NetlinkException)
        {
            return Leaf.None; // The next packet queries again.
        }
    }

    public void Dispose() => _socket.Dispose();
}
