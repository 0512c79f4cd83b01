using System.Runtime.InteropServices;
using ConntrackConsole.Kernel.Netlink;

namespace ConntrackConsole.Kernel.Routes;

/// <summary>Classifies the interfaces that lead to a pod and nowhere else, by the kind that rtnetlink reports (IFLA_INFO_KIND).</summary>
internal sealed class LeafLinks(NetlinkSocket socket, TimeProvider time)
{
    private const ushort GetLink = 18;
    private const int LinkHeader = 16; // struct ifinfomsg
    private const ushort IflaMaster = 10;
    private const ushort IflaLinkInfo = 18;
    private const ushort IflaExtMask = 29;
    private const ushort InfoKind = 1;
    private const ushort Ethernet = 1;    // ARPHRD_ETHER
    private const ushort InfiniBand = 32; // ARPHRD_INFINIBAND
    private const uint SkipStatistics = 1 << 3; // RTEXT_FILTER_SKIP_STATS: half of each answer

    // Ports join and leave a bridge; an index that is not in the list is queried at once.
    private static readonly TimeSpan CacheTtl = TimeSpan.FromSeconds(5);

    private readonly Dictionary<uint, LeafLink> _links = [];
    private long _readAt;

    public bool IsPodLink(uint index) => Find(index).Kind == LinkKind.PodLink;

    /// <summary>True for a bridge that contains only pod links. One with an uplink or a tunnel among its ports also reaches other nodes: its pods cannot be identified.</summary>
    public bool IsPodBridge(uint index) =>
        Find(index).Kind == LinkKind.Bridge && _links.Values.All(link => link.Master != index || link.Kind == LinkKind.PodLink);

    /// <summary>The bridge (or bond) that contains the interface as a port; 0 if it is not a port.</summary>
    public uint MasterOf(uint index) => Find(index).Master;

    /// <summary>A network card of this namespace: Ethernet or InfiniBand of no software kind.</summary>
    public bool IsHardware(uint index) => Find(index).Kind == LinkKind.Hardware;

    private LeafLink Find(uint index)
    {
        if (!_links.ContainsKey(index) || time.GetElapsedTime(_readAt) > CacheTtl)
            Read();
        return _links.GetValueOrDefault(index);
    }

    private void Read()
    {
        Span<byte> buffer = stackalloc byte[64];
        Span<byte> header = stackalloc byte[LinkHeader];
        header.Clear();
        var writer = new NetlinkWriter(buffer);
        writer.Begin(GetLink, NetlinkFlags.Request | NetlinkFlags.Dump, socket.NextSequence());
        writer.Raw(header);
        writer.U32Host(IflaExtMask, SkipStatistics);
        writer.End();

        _links.Clear();
        var answer = socket.Query(writer.Written);
        while (answer.MoveNext())
        {
            var attributes = answer.Current.Attributes(LinkHeader);
            uint index = MemoryMarshal.Read<uint>(answer.Current.Payload[4..]);
            var link = new LeafLink(MemoryMarshal.Read<ushort>(answer.Current.Payload[2..]) is Ethernet or InfiniBand ? LinkKind.Hardware : default, 0);
            while (attributes.MoveNext())
            {
                if (attributes.Type == IflaMaster)
                    link = link with { Master = attributes.U32Host() };
                else if (attributes.Type == IflaLinkInfo)
                    link = link with { Kind = KindOf(attributes.Nested()) };
            }

            _links[index] = link;
        }

        _readAt = time.GetTimestamp();
    }

    private static LinkKind KindOf(NetlinkAttributes info)
    {
        while (info.MoveNext())
        {
            if (info.Type != InfoKind)
                continue;
            var kind = info.Value.TrimEnd((byte)0);
            // Not tun, macvlan or ipvlan: a host route over one of these may as well lead to another machine.
            if (kind.SequenceEqual("veth"u8) || kind.SequenceEqual("netkit"u8))
                return LinkKind.PodLink;
            return kind.SequenceEqual("bridge"u8) ? LinkKind.Bridge : LinkKind.Other;
        }

        return LinkKind.Hardware; // Some drivers report further link data but no kind.
    }

    private enum LinkKind : byte
    {
        /// <summary>lo, tunnels: may lead anywhere.</summary>
        Other,
        Hardware,
        PodLink,
        Bridge,
    }

    private readonly record struct LeafLink(LinkKind Kind, uint Master);
}
