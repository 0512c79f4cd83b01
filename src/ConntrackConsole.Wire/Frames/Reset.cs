
using ConntrackConsole.Kernel.Net;

namespace ConntrackConsole.Wire;

/// <summary>How a TCP reset relates to the flows of the node that saw it being made.</summary>
public enum ResetKind : byte
{
    /// <summary>Nothing below fits.</summary>
    Other = 0,
    /// <summary>
    /// A client of this node resets the pod's own address although an entry client→VIP exists whose reply tuple, turned
    /// round, equals the reset: the pod's answer arrived without translation.
    /// </summary>
    UnNated = 1,
    /// <summary>The backend of a Service flow resets it; the client sees the VIP as the sender.</summary>
    FromBackend = 2,
    /// <summary>The client of a Service flow resets the VIP (an application abort).</summary>
    ClientAbort = 3,
    /// <summary>Between client and pod without any Service in between: normal for headless Services and meshes.</summary>
    Direct = 4,
    /// <summary>A backend refuses a connection: the reset answers a SYN.</summary>
    RefusedSyn = 5,
    /// <summary>A new backend resets a connection that it never had: its entry was lost and re-made in mid-stream (M2b).</summary>
    NewBackend = 6,
}

/// <summary>One TCP reset, told once by the node on which it was made or, where that cannot be seen, where it took effect.</summary>
/// <param name="AtMs">Time in milliseconds of Unix time.</param>
/// <param name="Kind">Relation to the node's flows.</param>
/// <param name="Src">Who sent the reset, as the packet says.</param>
/// <param name="Sport">Source port.</param>
/// <param name="Dst">Destination as the packet says at the place where it was seen.</param>
/// <param name="Dport">Destination port.</param>
/// <param name="Vip">The Service address of the flow it belongs to; none where no flow was found.</param>
/// <param name="Vport">The Service port.</param>
/// <param name="Backend">The backend of that flow; none where no flow was found.</param>
/// <param name="Bport">The backend's port.</param>
/// <param name="Reason">The kernel's reason (enum sk_rst_reason) as a number of the kernel that ran; 0 = not told.</param>
/// <param name="Received">True where seen at the receiver (tcp_receive_reset), false where seen at the maker.</param>
/// <param name="Origin">Who saw it.</param>
/// <param name="Sequence">TCP sequence number of the reset; 0 = not known (tracepoints tell none).</param>
public readonly record struct Reset(
    long AtMs, ResetKind Kind, Ip Src, ushort Sport, Ip Dst, ushort Dport,
    Ip Vip, ushort Vport, Ip Backend, ushort Bport, byte Reason, bool Received, ResetOrigin Origin = ResetOrigin.Trace, uint Sequence = 0);
