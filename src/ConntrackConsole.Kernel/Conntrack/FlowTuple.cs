using ConntrackConsole.Kernel.Net;

namespace ConntrackConsole.Kernel.Conntrack;

/// <summary>One direction of a tracked flow.</summary>
/// <param name="Src">Source address.</param>
/// <param name="Dst">Destination address.</param>
/// <param name="Proto">IP protocol number.</param>
/// <param name="Sport">Source port in host order; the query id for ICMP and ICMPv6; 0 for protocols without ports.</param>
/// <param name="Dport">Destination port in host order; type × 256 + code for ICMP and ICMPv6.</param>
internal readonly record struct FlowTuple(Ip Src, Ip Dst, byte Proto, ushort Sport, ushort Dport)
{
    /// <summary>The tuple of the reply to a packet of this tuple, without any translation.</summary>
    public FlowTuple Inverted() => new(Dst, Src, Proto, Dport, Sport);

    /// <summary>Such as "tcp 10.0.0.1:4321→10.96.0.10:80".</summary>
    public override string ToString() => Protocols.IsPortless(Proto)
        ? $"{Protocols.Name(Proto)} {Src}→{Dst}"
        : $"{Protocols.Name(Proto)} {Src}:{Sport}→{Dst}:{Dport}";
}

/// <summary>The original tuple of a flow and its zone: identifies an entry for lookup, not for deletion.</summary>
/// <param name="Tuple">The original tuple.</param>
/// <param name="Zone">The zone; 0 for almost all.</param>
internal readonly record struct FlowOrigin(FlowTuple Tuple, ushort Zone = 0)
{
    /// <summary>False for the default value and for a tuple of mixed address families, which identify no entry.</summary>
    public bool IsComplete => !Tuple.Src.IsNone && Tuple.Src.Length == Tuple.Dst.Length && Tuple.Proto != 0;
}
