using System.Runtime.InteropServices;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Kernel.Netlink;

namespace ConntrackConsole.Kernel.Routes;

/// <summary>The rtnetlink query that <see cref="Locality"/> needs (linux/rtnetlink.h).</summary>
internal sealed class LocalRoutes : IDisposable
{
    private const ushort GetRoute = 26;
    private const int RouteHeader = 12; // struct rtmsg
    private const ushort RtaDestination = 1;
    private const ushort RtaOutInterface = 4;
    private const ushort RtaGateway = 5;
    private const ushort RtaMultipath = 9;
    private const ushort RtaVia = 18;
    private const byte TypeUnicast = 1;
    private const byte TypeLocal = 2;
    // Reply with the table's entry and its prefix length instead of a route to this one address (4.13).
    private const uint FibMatch = 0x2000;

    private const byte AfInet = 2;
    private const byte AfInet6 = 10;

    private readonly NetlinkSocket _socket = NetlinkSocket.Open(NetlinkFamily.Route);
    private readonly LeafLinks _links;

    public LocalRoutes() => _links = new LeafLinks(_socket, TimeProvider.System);

    public bool IsLocal(Ip address)
    {
        try
        {
            return Find(address) switch
            {
                { Type: TypeLocal } => true,
                { Type: TypeUnicast, HasGateway: false, Link: > 0 } route =>
                    _links.IsPodLink(route.Link) ? route.PrefixLength == address.Length * 8 : _links.IsPodBridge(route.Link),
                _ => false,
            };
        }
        catch (NetlinkException)
        {
            // A missing reply does not prove that it is ours; the next lookup asks again.
            return false;
        }
    }

    /// <summary>Where this namespace's packets to an address go; null if the kernel does not answer.</summary>
    public LocalPath? PathTo(Ip address)
    {
        try
        {
            var route = Find(address);
            return route switch
            {
                { Error: Errno.EINVAL or Errno.EACCES or Errno.ENETUNREACH or Errno.EHOSTUNREACH } => LocalPath.Dead,
                { Type: TypeUnicast, HasGateway: false, Link: > 0 } when _links.IsPodLink(route.Link) && route.PrefixLength == address.Length * 8 => new LocalPath(route.Link),
                { Type: TypeUnicast, HasGateway: false, Link: > 0 } when _links.IsPodBridge(route.Link) => new LocalPath(route.Link, IsBridge: true),
                _ => default,
            };
        }
        catch (NetlinkException)
        {
            return null;
        }
    }

    public void Dispose() => _socket.Dispose();

    private Route Find(Ip address)
    {
        Span<byte> buffer = stackalloc byte[64];
        Span<byte> bytes = stackalloc byte[16];
        bytes = bytes[..address.WriteBytes(bytes)];
        Span<byte> header = stackalloc byte[RouteHeader];
        header.Clear();
        header[0] = address.IsV4 ? AfInet : AfInet6;
        header[1] = (byte)(bytes.Length * 8);
        MemoryMarshal.Write(header[8..], FibMatch);
        var writer = new NetlinkWriter(buffer);
        writer.Begin(GetRoute, NetlinkFlags.Request | NetlinkFlags.Ack, _socket.NextSequence());
        writer.Raw(header);
        writer.Attribute(RtaDestination, bytes);
        writer.End();

        var route = default(Route);
        var answer = _socket.Query(writer.Written);
        while (answer.MoveNext())
        {
            var attributes = answer.Current.Attributes(RouteHeader);
            route = new Route(Type: answer.Current.Payload[7], PrefixLength: answer.Current.Payload[1], Link: 0, HasGateway: false);
            while (attributes.MoveNext())
            {
                route = attributes.Type switch
                {
                    RtaOutInterface => route with { Link = attributes.U32Host() },
                    RtaGateway or RtaVia or RtaMultipath => route with { HasGateway = true },
                    _ => route,
                };
            }
        }

        // An error (ENETUNREACH, EHOSTUNREACH, EACCES for prohibit) leaves the default: no route, not local.
        return route with { Error = answer.Error };
    }

    private readonly record struct Route(byte Type, byte PrefixLength, uint Link, bool HasGateway, Errno Error = Errno.Ok);
}

/// <summary>Where packets to an address go.</summary>
/// <param name="Link">Index of the pod's link or bridge; 0 = elsewhere.</param>
/// <param name="IsBridge">The link is a bridge of pods: the address is of one of its ports, if any.</param>
/// <param name="IsDead">Nowhere.</param>
internal readonly record struct LocalPath(uint Link, bool IsBridge = false, bool IsDead = false)
{
    public static readonly LocalPath Dead = new(0, IsDead: true);
}
