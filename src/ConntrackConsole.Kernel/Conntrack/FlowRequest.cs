using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Kernel.Netlink;

namespace ConntrackConsole.Kernel.Conntrack;

/// <summary>
/// Writes ctnetlink requests. The kernel interprets a DELETE without a tuple as "empty the whole table, all families", so
/// the only method that writes a DELETE takes a <see cref="FlowKey"/>, refuses an incomplete one, and writes the tuple first.
/// </summary>
internal static class FlowRequest
{
    private const byte FamilyInet = 2;
    private const byte FamilyInet6 = 10;

    /// <summary>Dump of the whole table; <paramref name="family"/> 0 = both.</summary>
    public static void Dump(ref NetlinkWriter writer, uint sequence, byte family = 0) =>
        Plain(ref writer, CtMessage.Get, NetlinkFlags.Request | NetlinkFlags.Dump, sequence, family);

    /// <summary>
    /// Dump of the IPv4 entries with <paramref name="replySource"/> as source of the reply tuple. Kernels before 5.8 ignore the filter
    /// and send the whole table; the IPv6 comparison is inverted on several later ones. So the caller checks every entry again, and
    /// IPv6 has no such request.
    /// </summary>
    public static void DumpByReplySource(ref NetlinkWriter writer, uint sequence, Ip replySource) =>
        DumpByAddress(ref writer, sequence, CtAttribute.TupleReply, CtAttribute.IpV4Src, replySource, 0, CtAttribute.FilterIpSource);

    /// <summary>Dump of the IPv4 entries with <paramref name="destination"/> in the original tuple, such as a Service's address.</summary>
    public static void DumpByOriginalDestination(ref NetlinkWriter writer, uint sequence, Ip destination) =>
        DumpByAddress(ref writer, sequence, CtAttribute.TupleOrig, CtAttribute.IpV4Dst, destination, CtAttribute.FilterIpDestination, 0);

    public static void StatsCpu(ref NetlinkWriter writer, uint sequence) =>
        Plain(ref writer, CtMessage.GetStatsCpu, NetlinkFlags.Request | NetlinkFlags.Dump, sequence, 0);

    public static void Stats(ref NetlinkWriter writer, uint sequence) =>
        Plain(ref writer, CtMessage.GetStats, NetlinkFlags.Request | NetlinkFlags.Ack, sequence, 0);

    public static void Get(
        ref NetlinkWriter writer, uint sequence, in FlowTuple tuple, ushort tupleType, ushort zone, NetlinkFlags more = NetlinkFlags.Ack)
    {
        Header(ref writer, CtMessage.Get, NetlinkFlags.Request | more, sequence, FamilyOf(tuple.Src));
        Tuple(ref writer, tupleType, in tuple);
        writer.U16Network(CtAttribute.Zone, zone);
        writer.End();
    }

    public static void Delete(ref NetlinkWriter writer, uint sequence, in FlowKey key)
    {
        if (!key.IsComplete)
            throw new ArgumentException("A deletion needs the full tuple of an observed entry.", nameof(key));
        Header(ref writer, CtMessage.Delete, NetlinkFlags.Request | NetlinkFlags.Ack, sequence, FamilyOf(key.Reply.Src));
        Tuple(ref writer, CtAttribute.TupleReply, key.Reply);
        writer.U16Network(CtAttribute.Zone, key.Zone);
        writer.U32Network(CtAttribute.Id, key.Id);
        writer.End();
    }

    private static void DumpByAddress(
        ref NetlinkWriter writer, uint sequence, ushort tuple, ushort attribute, Ip ip, uint originalFlags, uint replyFlags)
    {
        if (!ip.IsV4)
            throw new ArgumentException("The kernel's filter is correct for IPv4 only.", nameof(ip));
        Header(ref writer, CtMessage.Get, NetlinkFlags.Request | NetlinkFlags.Dump, sequence, FamilyInet);
        Span<byte> address = stackalloc byte[4];
        ip.WriteBytes(address);
        int tupleAt = writer.BeginNested(tuple);
        int ipAt = writer.BeginNested(CtAttribute.TupleIp);
        writer.Attribute(attribute, address);
        writer.EndNested(ipAt);
        writer.EndNested(tupleAt);
        int filterAt = writer.BeginNested(CtAttribute.Filter);
        writer.U32Host(CtAttribute.FilterOrigFlags, originalFlags);
        writer.U32Host(CtAttribute.FilterReplyFlags, replyFlags);
        writer.EndNested(filterAt);
        writer.End();
    }

    private static byte FamilyOf(Ip ip) => ip.IsV4 ? FamilyInet : FamilyInet6;

    private static void Plain(ref NetlinkWriter writer, ushort type, NetlinkFlags flags, uint sequence, byte family)
    {
        Header(ref writer, type, flags, sequence, family);
        writer.End();
    }

    private static void Header(ref NetlinkWriter writer, ushort type, NetlinkFlags flags, uint sequence, byte family)
    {
        writer.Begin(type, flags, sequence);
        writer.Raw([family, 0, 0, 0]); // struct nfgenmsg: family, NFNETLINK_V0, res_id
    }

    private static void Tuple(ref NetlinkWriter writer, ushort type, in FlowTuple tuple)
    {
        Span<byte> address = stackalloc byte[16];
        int tupleAt = writer.BeginNested(type);
        int ipAt = writer.BeginNested(CtAttribute.TupleIp);
        bool v4 = tuple.Src.IsV4;
        writer.Attribute(v4 ? CtAttribute.IpV4Src : CtAttribute.IpV6Src, address[..tuple.Src.WriteBytes(address)]);
        writer.Attribute(v4 ? CtAttribute.IpV4Dst : CtAttribute.IpV6Dst, address[..tuple.Dst.WriteBytes(address)]);
        writer.EndNested(ipAt);
        int protoAt = writer.BeginNested(CtAttribute.TupleProto);
        writer.U8(CtAttribute.ProtoNum, tuple.Proto);
        switch (tuple.Proto)
        {
            case Protocols.Icmp:
                writer.U16Network(CtAttribute.ProtoIcmpId, tuple.Sport);
                writer.U8(CtAttribute.ProtoIcmpType, (byte)(tuple.Dport >> 8));
                writer.U8(CtAttribute.ProtoIcmpCode, (byte)tuple.Dport);
                break;
            case Protocols.IcmpV6:
                writer.U16Network(CtAttribute.ProtoIcmpV6Id, tuple.Sport);
                writer.U8(CtAttribute.ProtoIcmpV6Type, (byte)(tuple.Dport >> 8));
                writer.U8(CtAttribute.ProtoIcmpV6Code, (byte)tuple.Dport);
                break;
            default:
                writer.U16Network(CtAttribute.ProtoSrcPort, tuple.Sport);
                writer.U16Network(CtAttribute.ProtoDstPort, tuple.Dport);
                break;
        }

        writer.EndNested(protoAt);
        writer.EndNested(tupleAt);
    }
}
