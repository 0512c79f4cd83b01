using ConntrackConsole.Kernel.Net;

namespace ConntrackConsole.Kernel.Resets;

/// <summary>State of a TCP socket (include/net/tcp_states.h).</summary>
internal enum TcpState : byte
{
    /// <summary>No socket, or not reported by the kernel.</summary>
    Unknown = 0,
    /// <summary>Established.</summary>
    Established = 1,
    /// <summary>SYN sent.</summary>
    SynSent = 2,
    /// <summary>SYN received.</summary>
    SynRecv = 3,
    /// <summary>FIN sent, not acknowledged.</summary>
    FinWait1 = 4,
    /// <summary>FIN sent and acknowledged.</summary>
    FinWait2 = 5,
    /// <summary>Closed on both sides, waiting for stragglers.</summary>
    TimeWait = 6,
    /// <summary>Closed.</summary>
    Close = 7,
    /// <summary>FIN received.</summary>
    CloseWait = 8,
    /// <summary>FIN received and sent.</summary>
    LastAck = 9,
    /// <summary>A listener: its record contains no peer (see <see cref="ResetRecord.IsPlaced"/>).</summary>
    Listen = 10,
    /// <summary>Both sides sent a FIN at once.</summary>
    Closing = 11,
    /// <summary>A request that is not a connection yet.</summary>
    NewSynRecv = 12,
}

/// <summary>
/// A TCP reset from the kernel's tracepoints or from its packet, with the addresses of the RST packet where it is sent
/// (before any translation on its path) or received (after it). IPv4-mapped addresses are shown as IPv4.
/// </summary>
/// <remarks>
/// One reset between two pods of the cluster yields up to two records: sent on one node, received on the other (or both on
/// one). Sent ones are counted. A received one counts by itself only if no node can record it as sent: the sender is
/// outside of the cluster, its kernel is older than 6.10 and had no socket, or it was a listener (<see cref="IsPlaced"/>).
/// A received one has the translated source (the VIP), so the two are matched by the backend of the flow, not by their tuples.
/// </remarks>
/// <param name="AtMs">When, in milliseconds of Unix time.</param>
/// <param name="Received">False: sent here (tcp_send_reset). True: it took effect on a socket here (tcp_receive_reset).</param>
/// <param name="Src">Sender of the RST.</param>
/// <param name="Sport">Its port.</param>
/// <param name="Dst">Receiver.</param>
/// <param name="Dport">Its port.</param>
/// <param name="State">State of the socket that sent it; Unknown without a socket, for received resets and for packets.</param>
/// <param name="Reason">enum sk_rst_reason as numbered by this kernel (<see cref="ResetTrace.ReasonName"/>); 0 = not reported.</param>
/// <param name="Origin">The source that observed it.</param>
/// <param name="Sequence">TCP sequence number; 0 = unknown (tracepoints have none), or really 0 as in the refusal of a SYN.</param>
internal readonly record struct ResetRecord(
    long AtMs, bool Received, Ip Src, ushort Sport, Ip Dst, ushort Dport, TcpState State, byte Reason,
    ResetOrigin Origin = ResetOrigin.Trace, uint Sequence = 0)
{
    /// <summary>
    /// False if the record contains no peer: a listener that answers a stray segment (an ACK for a connection that it never
    /// had) is traced with the listening socket's own address and no destination (seen on 6.18). Such a reset can only be
    /// recorded where it is received.
    /// </summary>
    public bool IsPlaced => Sport != 0 && Dport != 0 && !Src.IsNone && !Src.IsUnspecified && !Dst.IsNone && !Dst.IsUnspecified;

    /// <summary>The side on this machine: the sender, or the receiver of a received reset.</summary>
    public Ip LocalAddress => Received ? Dst : Src;
}
