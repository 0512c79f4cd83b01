namespace ConntrackConsole.Kernel.Conntrack;

/// <summary>Numbers of ctnetlink (linux/netfilter/nfnetlink.h and nfnetlink_conntrack.h), named as there.</summary>
internal static class CtAttribute
{
    // enum ctattr_type
    public const ushort TupleOrig = 1;
    public const ushort TupleReply = 2;
    public const ushort Status = 3;
    public const ushort ProtoInfo = 4;
    public const ushort Timeout = 7;
    public const ushort Id = 12;
    public const ushort Zone = 18;
    public const ushort Filter = 25;

    // enum ctattr_filter: which fields of the tuples to compare, in host order
    public const ushort FilterOrigFlags = 1;
    public const ushort FilterReplyFlags = 2;
    public const uint FilterIpSource = 1; // CTA_FILTER_FLAG(CTA_IP_SRC) of nf_internals.h
    public const uint FilterIpDestination = 2; // CTA_FILTER_FLAG(CTA_IP_DST)

    // enum ctattr_tuple
    public const ushort TupleIp = 1;
    public const ushort TupleProto = 2;

    // enum ctattr_ip
    public const ushort IpV4Src = 1;
    public const ushort IpV4Dst = 2;
    public const ushort IpV6Src = 3;
    public const ushort IpV6Dst = 4;

    // enum ctattr_l4proto
    public const ushort ProtoNum = 1;
    public const ushort ProtoSrcPort = 2;
    public const ushort ProtoDstPort = 3;
    public const ushort ProtoIcmpId = 4;
    public const ushort ProtoIcmpType = 5;
    public const ushort ProtoIcmpCode = 6;
    public const ushort ProtoIcmpV6Id = 7;
    public const ushort ProtoIcmpV6Type = 8;
    public const ushort ProtoIcmpV6Code = 9;

    // enum ctattr_protoinfo, ctattr_protoinfo_tcp
    public const ushort ProtoInfoTcp = 1;
    public const ushort ProtoInfoDccp = 2;
    public const ushort ProtoInfoSctp = 3;
    public const ushort ProtoInfoState = 1; // CTA_PROTOINFO_TCP_STATE, _DCCP_STATE and _SCTP_STATE alike
}

internal static class CtMessage
{
    private const ushort Subsystem = 1 << 8; // NFNL_SUBSYS_CTNETLINK
    public const ushort New = Subsystem | 0;
    public const ushort Get = Subsystem | 1;
    public const ushort Delete = Subsystem | 2;
    public const ushort GetStatsCpu = Subsystem | 4;
    public const ushort GetStats = Subsystem | 5;
}
