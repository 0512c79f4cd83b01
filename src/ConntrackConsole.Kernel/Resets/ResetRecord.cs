
using ConntrackConsole.Kernel.Net;

namespace ConntrackConsole.Kernel.Resets;

/// <summary>State of a TCP socket (include/net/tcp_states.h).</summary>
public enum TcpState : byte
{
    /// <summary>No socket, or the kernel did not tell.</summary>
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
    /// <summary>A listener: its record names no peer (see <see cref="ResetRecord.IsPlaced"/>).</summary>
    Listen = 10,
    /// <summary>Both sides sent a FIN at once.</summary>
    Closing = 11,
    /// <summary>A request that is not a connection yet.</summary>
    NewSynRecv = 12,
}

/// <summary>
/// A TCP reset as the kernel's tracepoints or its packet tell it, with the addresses as the RST packet has them where it is made
/// (before any translation on the way) or received (after it). IPv4-mapped addresses are shown as IPv4.
/// </summary>
/// <remarks>
/// One reset between two pods of the cluster gives up to two records: made on one node, received on the other (or both on
/// one). Made ones are the count. A received one counts by itself only where nobody can tell the made one: the maker is
/// outside of the cluster, its kernel is older than 6.10 and had no socket, or it was a listener (<see cref="IsPlaced"/>).
/// A received one has the translated source (the VIP), so the two meet by the backend of its flow, not by their tuples.
/// </remarks>
/// <param name="AtMs">When, in milliseconds of Unix time.</param>
/// <param name="Received">False: made here (tcp_send_reset). True: it took effect on a socket here (tcp_receive_reset).</param>
/// <param name="Src">Who sent the RST.</param>
/// <param name="Sport">Its port.</param>
/// <param name="Dst">To whom.</param>
/// <param name="Dport">Its port.</param>
/// <param name="State">State of the socket that made it; Unknown without a socket and for received ones and packets.</param>
/// <param name="Reason">enum sk_rst_reason as this kernel numbers it (<see cref="ResetTrace.ReasonName"/>); 0 = not told.</param>
/// <param name="Origin">Who saw it.</param>
/// <param name="Sequence">TCP sequence number; 0 = not known (tracepoints tell none), or really 0 as in the refusal of a SYN.</param>
public readonly record struct ResetRecord(
    long AtMs, bool Received, Ip Src, ushort Sport, Ip Dst, ushort Dport, TcpState State, byte Reason,
    ResetOrigin Origin = ResetOrigin.Trace, uint Sequence = 0)
{
    /// <summary>
    /// False where the record names no peer: a listener that answers a stray segment (an ACK for a connection that it never
    /// had) is traced with the listening socket's own address and no destination (seen on 6.18). Such a reset can only be
    /// told where it is received.
    /// </summary>
    public bool IsPlaced => Sport != 0 && Dport != 0 && !Src.IsNone && !Src.IsUnspecified && !Dst.IsNone && !Dst.IsUnspecified;

    /// <summary>The side that is on this machine: the maker, or the receiver of a received one.</summary>
    public Ip Here => Received ? Dst : Src;
}
