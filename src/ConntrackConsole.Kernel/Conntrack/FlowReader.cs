using System.Buffers.Binary;
using System.Runtime.InteropServices;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Kernel.Netlink;

namespace ConntrackConsole.Kernel.Conntrack;

/// <summary>Reads a flow from the attributes of a ctnetlink message (enum ctattr_type, linux/netfilter/nfnetlink_conntrack.h).</summary>
internal static class FlowReader
{
    public const int HeaderLength = 4; // struct nfgenmsg

    /// <summary>Reads one message of type NEW or DELETE.</summary>
    /// <exception cref="NetlinkException">An attribute is too short, or a tuple is missing.</exception>
    public static Flow Read(in NetlinkMessage message)
    {
        Read(in message, out var flow);
        return flow;
    }

    /// <inheritdoc cref="Read(in NetlinkMessage)"/>
    public static void Read(in NetlinkMessage message, out Flow flow)
    {
        flow = default;
        byte? protocolState = null;
        var payload = message.Payload;
        if (payload.Length < HeaderLength)
            Malformed.Throw("message", message.Type, payload.Length, HeaderLength);
        // The loop of NetlinkAttributes, with its position in a register: this runs once for each entry of a dump.
        for (var rest = payload[HeaderLength..]; rest.Length >= 4;)
        {
            uint head = MemoryMarshal.Read<uint>(rest);
            int length = (int)(head & 0xFFFF);
            ushort type = (ushort)((head >> 16) & 0x3FFF);
            if (length < 4 || length > rest.Length)
                Malformed.Throw("attribute", type, rest.Length, length);
            var value = rest[4..length];
            rest = rest[Math.Min(rest.Length, (length + 3) & ~3)..];
            switch (type)
            {
                case CtAttribute.TupleOrig:
                    if (!TryReadCommon(value, ref flow.OrigPlace))
                        flow.OrigPlace = ReadTuple(new NetlinkAttributes(value));
                    break;
                case CtAttribute.TupleReply:
                    if (!TryReadCommon(value, ref flow.ReplyPlace))
                        flow.ReplyPlace = ReadTuple(new NetlinkAttributes(value));
                    break;
                case CtAttribute.Status:
                    flow.Status = (FlowStatus)U32(value, type);
                    break;
                case CtAttribute.ProtoInfo:
                    protocolState = ReadProtocolState(value);
                    break;
                case CtAttribute.Timeout:
                    flow.TimeoutSeconds = U32(value, type);
                    break;
                case CtAttribute.Id:
                    flow.Id = U32(value, type);
                    break;
                case CtAttribute.Zone:
                    if (value.Length < 2)
                        Malformed.Throw("attribute value", type, value.Length, 2);
                    flow.Zone = BinaryPrimitives.ReadUInt16BigEndian(value);
                    break;
            }
        }

        ref readonly var orig = ref flow.OrigRef;
        if (orig.Src.IsNone || flow.ReplyRef.Src.IsNone)
            Malformed.Throw("flow without both tuples", message.Type, 0, 1);
        flow.State = StateOf(orig.Proto, protocolState ?? 0, flow.Status);
        if (orig.Proto is Protocols.Sctp or Protocols.Dccp)
            flow.ProtocolState = protocolState;
    }

    private static FlowState StateOf(byte proto, byte tcpState, FlowStatus status)
    {
        if ((status & (FlowStatus.Offload | FlowStatus.HardwareOffload)) != 0)
            return FlowState.Offloaded;
        if (proto == Protocols.Tcp)
            return (FlowState)Math.Min(tcpState, (byte)FlowState.SynSent2);
        if ((status & FlowStatus.Assured) != 0)
            return FlowState.Assured;
        return (status & FlowStatus.SeenReply) != 0 ? FlowState.Replied : FlowState.Unreplied;
    }

    // Every kernel writes the tuple of an IPv4 flow with ports as these 48 bytes. Seven words are compared and four read,
    // which halves the cost of a dump; any other layout takes the general path.
    private static bool TryReadCommon(ReadOnlySpan<byte> value, ref FlowTuple tuple)
    {
        if (!BitConverter.IsLittleEndian || value.Length != 48)
            return false;
        var words = MemoryMarshal.Cast<byte, uint>(value);
        if ((words[0] & 0x3FFFFFFF) != 0x00010014 || words[1] != 0x00010008 || words[3] != 0x00020008 // CTA_TUPLE_IP, source, destination
            || (words[5] & 0x3FFFFFFF) != 0x0002001C || words[6] != 0x00010005 // CTA_TUPLE_PROTO, number
            || words[8] != 0x00020006 || words[10] != 0x00030006) // ports
        {
            return false;
        }

        tuple = new FlowTuple(
            Ip.V4(BinaryPrimitives.ReverseEndianness(words[2])), Ip.V4(BinaryPrimitives.ReverseEndianness(words[4])), (byte)words[7],
            BinaryPrimitives.ReverseEndianness((ushort)words[9]), BinaryPrimitives.ReverseEndianness((ushort)words[11]));
        return true;
    }

    private static FlowTuple ReadTuple(NetlinkAttributes attributes)
    {
        Ip src = default, dst = default;
        byte proto = 0;
        ushort sport = 0, dport = 0;
        while (attributes.MoveNext())
        {
            switch (attributes.Type)
            {
                case CtAttribute.TupleIp:
                    var ip = attributes.Nested();
                    while (ip.MoveNext())
                    {
                        switch (ip.Type)
                        {
                            case CtAttribute.IpV4Src:
                            case CtAttribute.IpV6Src:
                                src = Address(in ip);
                                break;
                            case CtAttribute.IpV4Dst:
                            case CtAttribute.IpV6Dst:
                                dst = Address(in ip);
                                break;
                        }
                    }

                    break;
                case CtAttribute.TupleProto:
                    var ports = attributes.Nested();
                    while (ports.MoveNext())
                    {
                        switch (ports.Type)
                        {
                            case CtAttribute.ProtoNum:
                                proto = ports.U8();
                                break;
                            case CtAttribute.ProtoSrcPort:
                            case CtAttribute.ProtoIcmpId:
                            case CtAttribute.ProtoIcmpV6Id:
                                sport = ports.U16Network();
                                break;
                            case CtAttribute.ProtoDstPort:
                                dport = ports.U16Network();
                                break;
                            case CtAttribute.ProtoIcmpType:
                            case CtAttribute.ProtoIcmpV6Type:
                                dport |= (ushort)(ports.U8() << 8);
                                break;
                            case CtAttribute.ProtoIcmpCode:
                            case CtAttribute.ProtoIcmpV6Code:
                                dport |= ports.U8();
                                break;
                        }
                    }

                    break;
            }
        }

        return new FlowTuple(src, dst, proto, sport, dport);
    }

    private static Ip Address(in NetlinkAttributes attribute)
    {
        if (attribute.Value.Length is not (4 or 16))
            Malformed.Throw("address", attribute.Type, attribute.Value.Length, 4);
        return Ip.FromBytes(attribute.Value);
    }

    private static uint U32(ReadOnlySpan<byte> value, ushort type)
    {
        if (value.Length < 4)
            Malformed.Throw("attribute value", type, value.Length, 4);
        return BinaryPrimitives.ReadUInt32BigEndian(value);
    }

    private static byte? ReadProtocolState(ReadOnlySpan<byte> value)
    {
        // Layout written by every kernel: CTA_PROTOINFO_TCP, with the state as its first attribute.
        if (BitConverter.IsLittleEndian && value.Length >= 12 && MemoryMarshal.Read<uint>(value[4..]) == 0x00010005
            && (MemoryMarshal.Read<uint>(value) & 0x3FFF0000) == 0x00010000 && MemoryMarshal.Read<ushort>(value) >= 9)
        {
            return value[8];
        }

        var attributes = new NetlinkAttributes(value);
        while (attributes.MoveNext())
        {
            if (attributes.Type is not (CtAttribute.ProtoInfoTcp or CtAttribute.ProtoInfoDccp or CtAttribute.ProtoInfoSctp))
                continue;
            var info = attributes.Nested();
            while (info.MoveNext())
            {
                if (info.Type == CtAttribute.ProtoInfoState)
                    return info.U8();
            }
        }

        return null;
    }
}
