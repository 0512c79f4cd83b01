namespace ConntrackConsole.Wire;

/// <summary>
/// What flows are counted by: protocol, virtual address (a Service's ClusterIP and port; none for a direct flow) and
/// backend (pod address and target port; none for the node's one "other" group).
/// </summary>
/// <param name="Proto">IP protocol number (6 TCP, 17 UDP, 132 SCTP, 1 ICMP, 58 ICMPv6); 0 for "other".</param>
/// <param name="Vip">The original destination where it was translated; none for direct flows.</param>
/// <param name="Vport">The original destination port; 0 where there is none.</param>
/// <param name="Backend">The source of the reply tuple: who really answers; none for "other".</param>
/// <param name="Bport">The source port of the reply tuple.</param>
public readonly record struct GroupKey(byte Proto, Ip Vip, ushort Vport, Ip Backend, ushort Bport)
{
    /// <summary>The one group of everything that is neither translated nor a pod's.</summary>
    public static readonly GroupKey Other;

    /// <summary>True for <see cref="Other"/>.</summary>
    public bool IsOther => Backend.IsNone;

    /// <summary>True for a flow straight to a pod's address.</summary>
    public bool IsDirect => Vip.IsNone && !Backend.IsNone;
}

/// <summary>IP protocol numbers and the lower-case names that the JSON faces use.</summary>
public static class Protocols
{
    /// <summary>ICMP (1).</summary>
    public const byte Icmp = 1;
    /// <summary>TCP (6).</summary>
    public const byte Tcp = 6;
    /// <summary>UDP (17).</summary>
    public const byte Udp = 17;
    /// <summary>ICMPv6 (58).</summary>
    public const byte IcmpV6 = 58;
    /// <summary>SCTP (132).</summary>
    public const byte Sctp = 132;

    /// <summary>Lower-case name as /etc/protocols has it, the number where we know none.</summary>
    public static string Name(byte proto) => proto switch
    {
        0 => "other",
        Icmp => "icmp",
        Tcp => "tcp",
        Udp => "udp",
        33 => "dccp",
        47 => "gre",
        IcmpV6 => "icmpv6",
        Sctp => "sctp",
        136 => "udplite",
        _ => proto.ToString(System.Globalization.CultureInfo.InvariantCulture),
    };

    /// <summary>True for ICMP and ICMPv6, whose tuples carry no ports.</summary>
    public static bool IsPortless(byte proto) => proto is Icmp or IcmpV6;
}
