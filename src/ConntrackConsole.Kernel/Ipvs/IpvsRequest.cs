using ConntrackConsole.Kernel.Netlink;

namespace ConntrackConsole.Kernel.Ipvs;

/// <summary>Messages of IPVS's generic netlink family (linux/ip_vs.h).</summary>
internal static class IpvsRequest
{
    public const string Family = "IPVS";
    private const byte Version = 1;
    private const byte SetConfig = 12, GetConfig = 13; // IPVS_CMD_*
    private const ushort TimeoutTcp = 4, TimeoutTcpFin = 5, TimeoutUdp = 6; // IPVS_CMD_ATTR_*

    public static void Get(ref NetlinkWriter writer, ushort family, uint sequence)
    {
        Begin(ref writer, family, sequence, GetConfig);
        writer.End();
    }

    public static void Set(ref NetlinkWriter writer, ushort family, uint sequence, IpvsTimeouts timeouts)
    {
        Begin(ref writer, family, sequence, SetConfig);
        writer.U32Host(TimeoutTcp, (uint)timeouts.Tcp);
        writer.U32Host(TimeoutTcpFin, (uint)timeouts.TcpFin);
        writer.U32Host(TimeoutUdp, (uint)timeouts.Udp);
        writer.End();
    }

    /// <summary>Parses a reply, from its struct genlmsghdr on.</summary>
    public static bool TryRead(ReadOnlySpan<byte> payload, out IpvsTimeouts timeouts)
    {
        timeouts = default;
        if (payload.Length < GenericFamily.HeaderLength)
            return false;
        uint? tcp = null, tcpFin = null, udp = null;
        try
        {
            var attributes = new NetlinkAttributes(payload[GenericFamily.HeaderLength..]);
            while (attributes.MoveNext())
            {
                switch (attributes.Type)
                {
                    case TimeoutTcp:
                        tcp = attributes.U32Host();
                        break;
                    case TimeoutTcpFin:
                        tcpFin = attributes.U32Host();
                        break;
                    case TimeoutUdp:
                        udp = attributes.U32Host();
                        break;
                }
            }
        }
        catch (NetlinkException)
        {
            return false;
        }

        // A comparison with null is false: all three must be present.
        if (!(tcp <= int.MaxValue && tcpFin <= int.MaxValue && udp <= int.MaxValue))
            return false;
        timeouts = new IpvsTimeouts((int)tcp, (int)tcpFin, (int)udp);
        return true;
    }

    private static void Begin(ref NetlinkWriter writer, ushort family, uint sequence, byte command)
    {
        writer.Begin(family, NetlinkFlags.Request | NetlinkFlags.Ack, sequence);
        writer.Raw([command, Version, 0, 0]); // struct genlmsghdr
    }
}
