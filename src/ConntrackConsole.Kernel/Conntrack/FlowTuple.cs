

using ConntrackConsole.Kernel.Net;

namespace ConntrackConsole.Kernel.Conntrack;

/// <summary>One direction of a tracked flow.</summary>
/// <param name="Src">Source address.</param>
/// <param name="Dst">Destination address.</param>
/// <param name="Proto">IP protocol number.</param>
/// <param name="Sport">Source port in host order; the query id for ICMP and ICMPv6; 0 for protocols without ports.</param>
/// <param name="Dport">Destination port in host order; type × 256 + code for ICMP and ICMPv6.</param>
public readonly record struct FlowTuple(Ip Src, Ip Dst, byte Proto, ushort Sport, ushort Dport)
{
    /// <summary>The tuple of the answer to a packet of this tuple, without any translation.</summary>
    public FlowTuple Turned() => new(Dst, Src, Proto, Dport, Sport);

    /// <summary>Such as "tcp 10.0.0.1:4321→10.96.0.10:80".</summary>
    public override string ToString() => Protocols.IsPortless(Proto)
        ? $"{Protocols.Name(Proto)} {Src}→{Dst}"
        : $"{Protocols.Name(Proto)} {Src}:{Sport}→{Dst}:{Dport}";
}

/// <summary>The tuple of a flow's first packet and its zone: names what may be looked up, and nothing that could be deleted.</summary>
/// <param name="Tuple">The original tuple.</param>
/// <param name="Zone">The zone; 0 for almost all.</param>
public readonly record struct FlowOrigin(FlowTuple Tuple, ushort Zone = 0)
{
    /// <summary>False for the default value and for a tuple of two families, which name nothing.</summary>
    public bool IsComplete => !Tuple.Src.IsNone && Tuple.Src.Length == Tuple.Dst.Length && Tuple.Proto != 0;
}
