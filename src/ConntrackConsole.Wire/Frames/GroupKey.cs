using ConntrackConsole.Kernel.Net;

namespace ConntrackConsole.Wire;

/// <summary>
/// Key by which flows are counted: protocol, virtual address (a Service's ClusterIP and port; none for a direct flow) and
/// backend (pod address and target port; none for the node's one "other" group).
/// </summary>
/// <param name="Proto">IP protocol number (6 TCP, 17 UDP, 132 SCTP, 1 ICMP, 58 ICMPv6); 0 for "other".</param>
/// <param name="Vip">The original destination if it was translated; empty for direct flows.</param>
/// <param name="Vport">The original destination port; 0 without one.</param>
/// <param name="Backend">The source of the reply tuple: the actual responder; empty for "other".</param>
/// <param name="Bport">The source port of the reply tuple.</param>
public readonly record struct GroupKey(byte Proto, Ip Vip, ushort Vport, Ip Backend, ushort Bport)
{
    /// <summary>The group of all flows that are neither translated nor to a pod.</summary>
    public static readonly GroupKey Other;

    /// <summary>True for <see cref="Other"/>.</summary>
    public bool IsOther => Backend.IsNone;

    /// <summary>True for a direct flow to a pod's address.</summary>
    public bool IsDirect => Vip.IsNone && !Backend.IsNone;
}
