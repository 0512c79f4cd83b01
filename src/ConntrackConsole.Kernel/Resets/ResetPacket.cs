using System.Buffers.Binary;
using ConntrackConsole.Kernel.Net;

namespace ConntrackConsole.Kernel.Resets;

/// <summary>The addressing fields of a TCP reset's packet, from its IP header on.</summary>
internal readonly record struct ResetPacket(Ip Src, ushort Sport, Ip Dst, ushort Dport, uint Sequence)
{
    /// <summary>Bytes of a packet to read: the longest IPv4 header and a TCP header up to its flags.</summary>
    public const int SnapLength = 60 + 14;

    private const int FlagsOffset = 13;
    private const byte Rst = 4;

    /// <summary>Parses the packet; false if it is not a TCP reset, truncated, a later fragment, or IPv6 with extension headers.</summary>
    public static bool TryParse(ReadOnlySpan<byte> packet, out ResetPacket reset)
    {
        reset = default;
        if (packet.IsEmpty)
            return false;
        bool v4 = packet[0] >> 4 == 4;
        int header = v4 ? (packet[0] & 15) * 4 : 40;
        if (header < 20 || (!v4 && packet[0] >> 4 != 6) || packet.Length < header + FlagsOffset + 1)
            return false;
        bool first = !v4 || (BinaryPrimitives.ReadUInt16BigEndian(packet[6..]) & 0x1FFF) == 0;
        if (!first || packet[v4 ? 9 : 6] != Protocols.Tcp)
            return false;
        var tcp = packet[header..];
        if ((tcp[FlagsOffset] & Rst) == 0)
            return false;
        reset = new ResetPacket(
            Ip.FromBytes(v4 ? packet.Slice(12, 4) : packet.Slice(8, 16)), BinaryPrimitives.ReadUInt16BigEndian(tcp),
            Ip.FromBytes(v4 ? packet.Slice(16, 4) : packet.Slice(24, 16)), BinaryPrimitives.ReadUInt16BigEndian(tcp[2..]),
            BinaryPrimitives.ReadUInt32BigEndian(tcp[4..]));
        return true;
    }
}
