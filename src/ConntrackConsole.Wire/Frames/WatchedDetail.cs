using ConntrackConsole.Kernel.Net;

namespace ConntrackConsole.Wire;

/// <summary>Where a node's packets to an address go.</summary>
public enum PathState : byte
{
    /// <summary>To another node, or not known.</summary>
    Elsewhere = 0,
    /// <summary>Out of an interface that leads to a pod of this node.</summary>
    Leaf = 1,
    /// <summary>Nowhere: blackhole, unreachable or prohibit.</summary>
    Dead = 2,
    /// <summary>To a bridge of this node's pods, none of which answers for the address.</summary>
    NoNeighbour = 3,
    /// <summary>A pod's interface of this node had the address, and none has it any more.</summary>
    LeafGone = 4,
}

/// <summary>
/// More about an address on the console's watch list, beside <see cref="WatchedAddress"/>; all zero = nothing any more. Older collectors do
/// not send it.
/// </summary>
/// <param name="PodIp">The address: of a pod, or of a Service with untranslated UDP entries.</param>
/// <param name="Path">Where this node's packets to it go.</param>
/// <param name="Link">Index of the pod's interface or bridge: another one is another pod's. 0 = none.</param>
/// <param name="Waiting">Established entries that were unacknowledged at their last look-up, and not answered in the seconds before it; evidence only where no packet arrives.</param>
/// <param name="Answering">Established entries that were answered within the last two seconds.</param>
/// <param name="SynReused">Unanswered SYN_SENT entries that are refreshed more often than one connection's retransmissions would.</param>
/// <param name="UdpRefreshed">UDP entries that were refreshed within the last ten seconds.</param>
internal readonly record struct WatchedDetail(Ip PodIp, PathState Path, uint Link, uint Waiting, uint Answering, uint SynReused, uint UdpRefreshed)
{
    /// <summary>UDP entries that, by their remaining timeout, certainly had a packet within the last two seconds, and not their first one. Older collectors do not send it.</summary>
    public uint UdpSending { get; init; }

    /// <summary>
    /// A look-up comes a tenth of a second before the end of its frame's second, and the kernel's whole seconds show a packet of the second before it; as
    /// much again as a node that is busy may be early.
    /// </summary>
    public const long LastSecondMs = 1_150;

    /// <summary>Of <see cref="UdpSending"/>: those that certainly had a packet within <see cref="LastSecondMs"/> before the frame's end. Older collectors do not send it.</summary>
    public uint UdpSendingLastSecond { get; init; }

    /// <summary>Established entries of which data waits, and of which no packet renewed the timeout for more than a second at some look-up since the last answer: their senders back off. Older collectors do not send it.</summary>
    public uint BackingOff { get; init; }

    /// <summary>
    /// The latest new entry of this frame's second that continues no connection was made at most this long before its end; 0 = there was none, or it is
    /// not known. Only of a minute of them. Older collectors do not send it.
    /// </summary>
    public uint NewestEntryMs { get; init; }

    /// <summary>Nothing is known of the address.</summary>
    public bool IsEmpty => this == default(WatchedDetail) with { PodIp = PodIp };
}
