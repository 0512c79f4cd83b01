namespace ConntrackConsole.Kernel.Net;

/// <summary>IP protocol numbers and the lower-case names that JSON output uses.</summary>
public static class Protocols
{
    /// <summary>ICMP (1).</summary>
    public const byte Icmp = 1;
    /// <summary>TCP (6).</summary>
    public const byte Tcp = 6;
    /// <summary>UDP (17).</summary>
    public const byte Udp = 17;
    /// <summary>DCCP (33).</summary>
    public const byte Dccp = 33;
    /// <summary>ICMPv6 (58).</summary>
    public const byte IcmpV6 = 58;
    /// <summary>SCTP (132).</summary>
    public const byte Sctp = 132;

    /// <summary>Lower-case name from /etc/protocols; the number if unknown here.</summary>
    public static string Name(byte proto) => proto switch
    {
        0 => "other",
        Icmp => "icmp",
        Tcp => "tcp",
        Udp => "udp",
        Dccp => "dccp",
        47 => "gre",
        IcmpV6 => "icmpv6",
        Sctp => "sctp",
        136 => "udplite",
        _ => proto.ToString(System.Globalization.CultureInfo.InvariantCulture),
    };

    /// <summary>True for ICMP and ICMPv6: their tuples have no ports.</summary>
    public static bool IsPortless(byte proto) => proto is Icmp or IcmpV6;
}
