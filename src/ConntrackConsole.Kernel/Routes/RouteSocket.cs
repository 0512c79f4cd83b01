using System.Runtime.InteropServices;
using System.Text;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Kernel.Netlink;
using Microsoft.Win32.SafeHandles;

namespace ConntrackConsole.Kernel.Routes;

/// <summary>
/// rtnetlink(7) for the namespace of the thread that opened it: links, addresses, routes. Not thread-safe.
/// </summary>
/// <remarks>Kernel errors are <see cref="NetlinkException"/>: EPERM without CAP_NET_ADMIN, EEXIST, ENODEV, ...</remarks>
internal sealed class RouteSocket : IDisposable
{
    private const ushort NewLink = 16, DeleteLinkType = 17, GetLink = 18, NewAddress = 20, GetAddress = 22, NewRoute = 24, GetRoute = 26;
    private const byte TableMain = 254, ProtocolStatic = 4, ScopeUniverse = 0, ScopeLink = 253;
    private const byte AddressFlagNoDad = 2; // IFA_F_NODAD
    private const uint FlagUp = 1, FlagLoopback = 8, FlagOnLink = 4;

    private readonly NetlinkSocket _socket;
    private readonly byte[] _buffer = new byte[1024];

    private RouteSocket(NetlinkSocket socket) => _socket = socket;

    /// <summary>Opens a socket in the current thread's namespace.</summary>
    /// <exception cref="NetlinkException">The kernel refused.</exception>
    public static RouteSocket Open() => new(NetlinkSocket.Open(NetlinkFamily.Route));

    /// <summary>Creates a pair of virtual Ethernet interfaces, the second one in another namespace.</summary>
    /// <param name="name">The end in this namespace (15 characters at most).</param>
    /// <param name="peerName">The other end.</param>
    /// <param name="peerNamespace">An open file of the other namespace, such as /run/netns/NAME.</param>
    public void AddVeth(string name, string peerName, SafeFileHandle peerNamespace)
    {
        ArgumentNullException.ThrowIfNull(peerNamespace);
        var request = Begin(NewLink, NetlinkFlags.Create | NetlinkFlags.Exclusive);
        request.Raw(LinkHeader(0));
        request.Text(3, name);                                              // IFLA_IFNAME
        int info = request.BeginNested(18);                                 // IFLA_LINKINFO
        request.Text(1, "veth");                                            // IFLA_INFO_KIND
        int data = request.BeginNested(2);                                  // IFLA_INFO_DATA
        int peer = request.BeginNested(1);                                  // VETH_INFO_PEER: an ifinfomsg, then attributes
        request.Raw(LinkHeader(0));
        request.Text(3, peerName);
        request.U32Host(28, (uint)(int)peerNamespace.DangerousGetHandle()); // IFLA_NET_NS_FD
        request.EndNested(peer);
        request.EndNested(data);
        request.EndNested(info);
        Execute(ref request, $"create the veth pair {name}");
    }

    /// <summary>Sets an interface up or down.</summary>
    public void SetUp(string link, bool up)
    {
        var request = Begin(NewLink, NetlinkFlags.None);
        Span<byte> header = LinkHeader(IndexOf(link));
        MemoryMarshal.Write(header[8..], up ? FlagUp : 0);
        MemoryMarshal.Write(header[12..], FlagUp); // which flags to change
        request.Raw(header);
        Execute(ref request, $"set {link} {(up ? "up" : "down")}");
    }

    /// <summary>Removes an interface; of a pair, both ends. False if no interface has this name.</summary>
    public bool DeleteLink(string link)
    {
        var request = Begin(DeleteLinkType, NetlinkFlags.None);
        request.Raw(LinkHeader(0));
        request.Text(3, link);
        request.End();
        var error = _socket.TryExecute(request.Written);
        return error switch
        {
            Errno.Ok => true,
            Errno.ENODEV => false,
            _ => throw Refused(error, $"remove {link}"),
        };
    }

    /// <summary>Adds an address to an interface.</summary>
    public void AddAddress(string link, Ip ip, int prefixLength)
    {
        var request = Begin(NewAddress, NetlinkFlags.Create | NetlinkFlags.Exclusive);
        Span<byte> header = stackalloc byte[8];
        header[0] = Family(ip);
        header[1] = (byte)prefixLength;
        header[2] = ip.IsV4 ? (byte)0 : AddressFlagNoDad; // without it, the address cannot be a route's source before its link is ready
        MemoryMarshal.Write(header[4..], IndexOf(link));
        request.Raw(header);
        Address(ref request, 1, ip); // IFA_ADDRESS
        Address(ref request, 2, ip); // IFA_LOCAL
        Execute(ref request, $"add to {link} the address {ip}/{prefixLength}");
    }

    /// <summary>Adds a route through an interface.</summary>
    /// <param name="network">Destination; an unspecified address with length 0 is the default route.</param>
    /// <param name="prefixLength">Length of the destination's prefix in bits.</param>
    /// <param name="link">The interface.</param>
    /// <param name="gateway">Next hop, assumed to be on the link; none if the destination itself is on the link.</param>
    /// <param name="source">Preferred source address; none = the kernel's choice.</param>
    public void AddRoute(Ip network, int prefixLength, string link, Ip gateway = default, Ip source = default)
    {
        var request = Begin(NewRoute, NetlinkFlags.Create | NetlinkFlags.Exclusive);
        request.Raw(RouteHeader(network, prefixLength, RouteKind.Unicast, gateway.IsNone ? ScopeLink : ScopeUniverse,
            gateway.IsNone ? 0 : FlagOnLink));
        if (prefixLength > 0)
            Address(ref request, 1, network);   // RTA_DST
        request.U32Host(4, (uint)IndexOf(link)); // RTA_OIF
        if (!gateway.IsNone)
            Address(ref request, 5, gateway);   // RTA_GATEWAY
        if (!source.IsNone)
            Address(ref request, 7, source);    // RTA_PREFSRC
        Execute(ref request, $"add the route to {network}/{prefixLength}");
    }

    /// <summary>Adds a route that drops packets silently, as container networks do for a node's own pod network.</summary>
    public void AddBlackhole(Ip network, int prefixLength)
    {
        var request = Begin(NewRoute, NetlinkFlags.Create | NetlinkFlags.Exclusive);
        request.Raw(RouteHeader(network, prefixLength, RouteKind.Blackhole, ScopeUniverse, 0));
        Address(ref request, 1, network);
        Execute(ref request, $"add the blackhole route to {network}/{prefixLength}");
    }

    /// <summary>All interfaces of the namespace.</summary>
    public IReadOnlyList<Link> Links()
    {
        var links = new List<Link>();
        var answer = Dump(GetLink);
        while (answer.MoveNext())
        {
            if (answer.Current.Type != NewLink)
                continue;
            var payload = answer.Current.Payload;
            var attributes = answer.Current.Attributes(16);
            uint flags = MemoryMarshal.Read<uint>(payload[8..]);
            string name = "";
            string? kind = null;
            while (attributes.MoveNext())
            {
                if (attributes.Type == 3)
                    name = Text(attributes.Value);
                else if (attributes.Type == 18)
                    kind = KindOf(attributes.Nested());
            }

            links.Add(new Link(MemoryMarshal.Read<int>(payload[4..]), name, (flags & FlagUp) != 0, (flags & FlagLoopback) != 0, kind));
        }

        Check(answer.Error, "list the interfaces");
        return links;
    }

    /// <summary>All addresses of the namespace, IPv4 and IPv6.</summary>
    public IReadOnlyList<LinkAddress> Addresses()
    {
        var addresses = new List<LinkAddress>();
        var answer = Dump(GetAddress);
        while (answer.MoveNext())
        {
            if (answer.Current.Type != NewAddress)
                continue;
            var payload = answer.Current.Payload;
            var attributes = answer.Current.Attributes(8);
            Ip address = default, local = default;
            while (attributes.MoveNext())
            {
                // On a point-to-point link IFA_ADDRESS is the other end; IFA_LOCAL, if present, is always ours.
                if (attributes.Type == 1 && attributes.Value.Length is 4 or 16)
                    address = Ip.FromBytes(attributes.Value);
                else if (attributes.Type == 2 && attributes.Value.Length is 4 or 16)
                    local = Ip.FromBytes(attributes.Value);
            }

            var own = local.IsNone ? address : local;
            if (!own.IsNone)
                addresses.Add(new LinkAddress(MemoryMarshal.Read<int>(payload[4..]), own, payload[1]));
        }

        Check(answer.Error, "list the addresses");
        return addresses;
    }

    /// <summary>Queries the route of a packet to an address.</summary>
    public RouteAnswer Lookup(Ip destination)
    {
        var request = Begin(GetRoute, NetlinkFlags.None);
        request.Raw(RouteHeader(destination, destination.Length * 8, RouteKind.Unspecified, ScopeUniverse, 0));
        Address(ref request, 1, destination);
        request.End();
        var answer = _socket.Query(request.Written);
        RouteAnswer found = new(RouteKind.Unreachable, 0, default, default);
        while (answer.MoveNext())
        {
            if (answer.Current.Type != NewRoute)
                continue;
            var attributes = answer.Current.Attributes(12);
            var kind = (RouteKind)answer.Current.Payload[7];
            int index = 0;
            Ip gateway = default, source = default;
            while (attributes.MoveNext())
            {
                switch (attributes.Type)
                {
                    case 4:
                        index = (int)attributes.U32Host();
                        break;
                    case 5 when attributes.Value.Length is 4 or 16:
                        gateway = Ip.FromBytes(attributes.Value);
                        break;
                    case 7 when attributes.Value.Length is 4 or 16:
                        source = Ip.FromBytes(attributes.Value);
                        break;
                }
            }

            found = new RouteAnswer(kind, index, gateway, source);
        }

        // The kernel reports some kinds of route only by the error that a packet would meet.
        return answer.Error switch
        {
            Errno.Ok => found,
            Errno.EINVAL => found with { Kind = RouteKind.Blackhole },
            Errno.EACCES => found with { Kind = RouteKind.Prohibit },
            Errno.ENETUNREACH or Errno.EHOSTUNREACH => found,
            var error => throw Refused(error, $"find the route to {destination}"),
        };
    }

    /// <summary>Closes the socket.</summary>
    public void Dispose() => _socket.Dispose();

    private NetlinkWriter Begin(ushort type, NetlinkFlags flags)
    {
        var writer = new NetlinkWriter(_buffer);
        writer.Begin(type, flags | NetlinkFlags.Request | NetlinkFlags.Ack, _socket.NextSequence());
        return writer;
    }

    private NetlinkAnswer Dump(ushort type)
    {
        var writer = new NetlinkWriter(_buffer);
        writer.Begin(type, NetlinkFlags.Request | NetlinkFlags.Dump, _socket.NextSequence());
        writer.Raw(new byte[type == GetLink ? 16 : 8]);
        writer.End();
        return _socket.Query(writer.Written);
    }

    private void Execute(ref NetlinkWriter request, string what)
    {
        request.End();
        Check(_socket.TryExecute(request.Written), what);
    }

    private int IndexOf(string link)
    {
        // A separate request: the buffer of the request that is being written stays untouched.
        Span<byte> buffer = stackalloc byte[128];
        var request = new NetlinkWriter(buffer);
        request.Begin(GetLink, NetlinkFlags.Request | NetlinkFlags.Ack, _socket.NextSequence());
        request.Raw(LinkHeader(0));
        request.Text(3, link);
        request.End();
        int index = 0;
        var answer = _socket.Query(request.Written);
        while (answer.MoveNext())
        {
            if (answer.Current.Type == NewLink && answer.Current.Payload.Length >= 16)
                index = MemoryMarshal.Read<int>(answer.Current.Payload[4..]);
        }

        Check(answer.Error, $"find the interface {link}");
        return index;
    }

    private static byte[] LinkHeader(int index)
    {
        byte[] header = new byte[16]; // struct ifinfomsg
        MemoryMarshal.Write(header.AsSpan(4), index);
        return header;
    }

    private static byte[] RouteHeader(Ip destination, int prefixLength, RouteKind kind, byte scope, uint flags)
    {
        byte[] header = new byte[12]; // struct rtmsg
        header[0] = Family(destination);
        header[1] = (byte)prefixLength;
        header[4] = TableMain;
        header[5] = ProtocolStatic;
        header[6] = scope;
        header[7] = (byte)kind;
        MemoryMarshal.Write(header.AsSpan(8), flags);
        return header;
    }

    private static byte Family(Ip ip) => ip.IsV4 ? (byte)2 : (byte)10;

    private static void Address(ref NetlinkWriter writer, ushort type, Ip ip)
    {
        Span<byte> bytes = stackalloc byte[16];
        writer.Attribute(type, bytes[..ip.WriteBytes(bytes)]);
    }

    private static string? KindOf(NetlinkAttributes info)
    {
        while (info.MoveNext())
        {
            if (info.Type == 1)
                return Text(info.Value);
        }

        return null;
    }

    private static string Text(ReadOnlySpan<byte> value) => Encoding.UTF8.GetString(value.TrimEnd((byte)0));

    private static void Check(Errno error, string what)
    {
        if (error != Errno.Ok)
            throw Refused(error, what);
    }

    private static NetlinkException Refused(Errno error, string what) => new(error, $"Cannot {what}: {error.Describe()}.");
}
