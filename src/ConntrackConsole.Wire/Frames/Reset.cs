using ConntrackConsole.Kernel.Net;

namespace ConntrackConsole.Wire;

/// <summary>How a TCP reset relates to the flows of the node that observed it.</summary>
public enum ResetKind : byte
{
    /// <summary>None of the kinds below.</summary>
    Other = 0,
    /// <summary>
    /// A client of this node resets the pod's own address although an entry client→VIP exists with an inverted reply tuple equal
    /// to the reset: the pod's answer arrived without translation.
    /// </summary>
    UnNated = 1,
    /// <summary>The backend of a Service flow resets it; the client sees the VIP as the sender.</summary>
    FromBackend = 2,
    /// <summary>The client of a Service flow resets the VIP (an application abort).</summary>
    ClientAbort = 3,
    /// <summary>Between client and pod without a Service: normal for headless Services and meshes.</summary>
    Direct = 4,
    /// <summary>A backend refuses a connection: the reset answers a SYN.</summary>
    RefusedSyn = 5,
    /// <summary>A new backend resets an unknown connection: the entry was lost and created again in mid-stream (M2b).</summary>
    NewBackend = 6,
}

/// <summary>
/// One TCP reset, reported once by the node that sent it or, if that is not observable, by the node that received it.
/// </summary>
/// <param name="AtMs">Time in milliseconds of Unix time.</param>
/// <param name="Kind">Relation to the node's flows.</param>
/// <param name="Src">Source address of the packet.</param>
/// <param name="Sport">Source port.</param>
/// <param name="Dst">Destination address of the packet where it was observed.</param>
/// <param name="Dport">Destination port.</param>
/// <param name="Vip">The Service address of its flow; empty if no flow was found.</param>
/// <param name="Vport">The Service port.</param>
/// <param name="Backend">The backend of its flow; empty if no flow was found.</param>
/// <param name="Bport">The backend's port.</param>
/// <param name="Reason">The kernel's reason (enum sk_rst_reason) as numbered by the running kernel; 0 = unknown.</param>
/// <param name="Received">True if observed at the receiver (tcp_receive_reset), false at the sender.</param>
/// <param name="Origin">How it was observed.</param>
/// <param name="Sequence">TCP sequence number of the reset; 0 = unknown (tracepoints do not contain it).</param>
public readonly record struct Reset(
    long AtMs, ResetKind Kind, Ip Src, ushort Sport, Ip Dst, ushort Dport,
    Ip Vip, ushort Vport, Ip Backend, ushort Bport, byte Reason, bool Received, ResetOrigin Origin = ResetOrigin.Trace, uint Sequence = 0);
