using System.Buffers.Text;
using System.Globalization;
using ConntrackConsole.Kernel.Net;

namespace ConntrackConsole.Kernel.Ipvs;

/// <summary>
/// Parses lines of /proc/net/ip_vs and /proc/net/ip_vs_conn (net/netfilter/ipvs/ip_vs_ctl.c and ip_vs_conn.c). IPv4 addresses are
/// eight hexadecimal digits, IPv6 addresses eight groups, in brackets in the first file only; ports are hexadecimal.
/// </summary>
internal static class IpvsText
{
    private const int MaxFields = 9;

    /// <summary>Parses the line of a Service: "TCP  0A600707:0050 rr" or "FWM  00000005 rr".</summary>
    public static bool TryReadService(ReadOnlySpan<byte> line, out byte proto, out Ip vip, out ushort vport)
    {
        (proto, vip, vport) = (0, default, 0);
        Span<Range> fields = stackalloc Range[MaxFields];
        int count = Split(line, fields);
        if (count < 2)
            return false;
        if (line[fields[0]].SequenceEqual("FWM"u8))
            return Hex(line[fields[1]], 8, out _);
        return TryProto(line[fields[0]], out proto) && TryEndpoint(line[fields[1]], out vip, out vport);
    }

    /// <summary>Parses the line of a server: "  -> 0AF4000D:1F90      Masq    1      2          0".</summary>
    public static bool TryReadServer(ReadOnlySpan<byte> line, out Ip address, out ushort port, out int weight)
    {
        (address, port, weight) = (default, 0, 0);
        Span<Range> fields = stackalloc Range[MaxFields];
        return Split(line, fields) >= 4 && line[fields[0]].SequenceEqual("->"u8)
            && TryEndpoint(line[fields[1]], out address, out port) && TryNumber(line[fields[3]], out weight);
    }

    /// <summary>Parses the line of a connection: "TCP 0AF4000B C8E2 0A600707 0050 0AF4000C 1F90 ESTABLISHED     899".</summary>
    public static bool TryReadConnection(ReadOnlySpan<byte> line, out IpvsConnection connection)
    {
        connection = default;
        Span<Range> fields = stackalloc Range[MaxFields];
        if (Split(line, fields) < 9 || !TryProto(line[fields[0]], out byte proto)
            || !TryAddress(line[fields[1]], out var client) || !Hex(line[fields[2]], 4, out uint cport)
            || !TryAddress(line[fields[3]], out var vip) || !Hex(line[fields[4]], 4, out uint vport)
            || !TryAddress(line[fields[5]], out var backend) || !Hex(line[fields[6]], 4, out uint bport)
            || !TryNumber(line[fields[8]], out int expires))
        {
            return false;
        }

        // IPVS's own names of states: what ends a connection is FIN_WAIT, CLOSE_WAIT, TIME_WAIT, CLOSE, LAST_ACK.
        var state = line[fields[7]];
        bool closing = proto == Protocols.Tcp && !state.SequenceEqual("ESTABLISHED"u8) && !state.StartsWith("SYN"u8) && !state.SequenceEqual("NONE"u8);
        connection = new IpvsConnection(proto, client, (ushort)cport, vip, (ushort)vport, backend, (ushort)bport, closing, expires);
        return true;
    }

    private static int Split(ReadOnlySpan<byte> line, Span<Range> fields)
    {
        int count = 0, at = 0;
        while (count < fields.Length)
        {
            while (at < line.Length && line[at] is (byte)' ' or (byte)'\t')
                at++;
            if (at == line.Length)
                break;
            int length = line[at..].IndexOfAny((byte)' ', (byte)'\t');
            int end = length < 0 ? line.Length : at + length;
            fields[count++] = at..end;
            at = end;
        }

        return count;
    }

    private static bool TryProto(ReadOnlySpan<byte> text, out byte proto)
    {
        proto = text.SequenceEqual("TCP"u8) ? Protocols.Tcp : text.SequenceEqual("UDP"u8) ? Protocols.Udp
            : text.SequenceEqual("SCTP"u8) ? Protocols.Sctp : (byte)0;
        return proto != 0;
    }

    private static bool TryEndpoint(ReadOnlySpan<byte> text, out Ip address, out ushort port)
    {
        (address, port) = (default, 0);
        int colon = text.LastIndexOf((byte)':');
        if (colon < 0 || !Hex(text[(colon + 1)..], 4, out uint number))
            return false;
        port = (ushort)number;
        var host = text[..colon];
        if (host.Length > 2 && host[0] == (byte)'[' && host[^1] == (byte)']')
            host = host[1..^1];
        return TryAddress(host, out address);
    }

    private static bool TryAddress(ReadOnlySpan<byte> text, out Ip address)
    {
        address = default;
        if (text.Length == 8)
        {
            if (!Hex(text, 8, out uint number))
                return false;
            address = Ip.V4(number);
            return true;
        }

        if (text.Length != 39) // The kernel writes all eight groups with all digits (%pI6).
            return false;
        Span<byte> bytes = stackalloc byte[16];
        for (int group = 0; group < 8; group++)
        {
            if (!Hex(text.Slice(group * 5, 4), 4, out uint number) || (group < 7 && text[(group * 5) + 4] != (byte)':'))
                return false;
            bytes[group * 2] = (byte)(number >> 8);
            bytes[(group * 2) + 1] = (byte)number;
        }

        address = Ip.FromBytes(bytes);
        return true;
    }

    private static bool Hex(ReadOnlySpan<byte> text, int digits, out uint number)
    {
        number = 0;
        return text.Length == digits && uint.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out number);
    }

    private static bool TryNumber(ReadOnlySpan<byte> text, out int number) =>
        Utf8Parser.TryParse(text, out number, out int used) && used == text.Length && number >= 0;
}
