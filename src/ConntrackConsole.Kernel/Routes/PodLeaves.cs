
using ConntrackConsole.Kernel.Netlink;

namespace ConntrackConsole.Kernel.Routes;

/// <summary>What an interface is to packets that arrive on it.</summary>
internal enum Leaf : byte
{
    /// <summary>lo, a bridge, a tunnel, a VLAN or bond on top of hardware: its packets show elsewhere too.</summary>
    None,
    /// <summary>A cable that ends in a pod's namespace, or (kind, the lab) in another node's.</summary>
    Cable,
    /// <summary>A pod's cable that is a port of a bridge of pods.</summary>
    BridgePort,
    /// <summary>A network card.</summary>
    Hardware,
}

/// <summary>Tells the interfaces of this namespace apart, for the reader of packets.</summary>
internal sealed class PodLeaves : IDisposable
{
    private readonly NetlinkSocket _socket = NetlinkSocket.Open(NetlinkFamily.Route);
    private readonly LeafLinks _links;

    public PodLeaves() => _links = new LeafLinks(_socket, TimeProvider.System);

    public Leaf Of(uint link)
    {
        try
        {
            if (_links.IsPodCable(link))
                return _links.IsPodBridge(_links.MasterOf(link)) ? Leaf.BridgePort : Leaf.Cable;
            return _links.IsHardware(link) ? Leaf.Hardware : Leaf.None;
        }
        catch (NetlinkException)
        {
            return Leaf.None; // The next packet asks again.
        }
    }

    public void Dispose() => _socket.Dispose();
}
