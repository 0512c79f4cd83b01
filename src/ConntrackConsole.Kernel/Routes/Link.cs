using ConntrackConsole.Kernel.Net;

namespace ConntrackConsole.Kernel.Routes;

/// <summary>A network interface (RTM_NEWLINK).</summary>
/// <param name="Index">Interface index, unique in its namespace.</param>
/// <param name="Name">IFLA_IFNAME.</param>
/// <param name="IsUp">IFF_UP.</param>
/// <param name="IsLoopback">IFF_LOOPBACK.</param>
/// <param name="Kind">IFLA_INFO_KIND, such as "veth" or "bridge"; null for hardware and lo.</param>
internal sealed record Link(int Index, string Name, bool IsUp, bool IsLoopback, string? Kind);

/// <summary>An address of an interface (RTM_NEWADDR).</summary>
/// <param name="LinkIndex">The interface.</param>
/// <param name="Ip">The interface's own address (IFA_LOCAL if the kernel reports it, else IFA_ADDRESS).</param>
/// <param name="PrefixLength">Length of its network's prefix in bits.</param>
internal readonly record struct LinkAddress(int LinkIndex, Ip Ip, int PrefixLength);

/// <summary>What the kernel does with a packet to an address (rtm_type).</summary>
internal enum RouteKind : byte
{
    /// <summary>Not reported.</summary>
    Unspecified = 0,
    /// <summary>Goes out of an interface.</summary>
    Unicast = 1,
    /// <summary>One of the namespace's own addresses.</summary>
    Local = 2,
    /// <summary>Broadcast.</summary>
    Broadcast = 3,
    /// <summary>Anycast.</summary>
    Anycast = 4,
    /// <summary>Multicast.</summary>
    Multicast = 5,
    /// <summary>Dropped silently.</summary>
    Blackhole = 6,
    /// <summary>Dropped with ICMP unreachable; also the answer where no route exists.</summary>
    Unreachable = 7,
    /// <summary>Dropped with ICMP prohibited.</summary>
    Prohibit = 8,
}

/// <summary>The kernel's answer to "where would a packet to this address go".</summary>
/// <param name="Kind">What happens to it.</param>
/// <param name="LinkIndex">The outgoing interface; 0 if the packet does not leave.</param>
/// <param name="Gateway">The next hop; none if the address itself is on the link.</param>
/// <param name="Source">The source address that the kernel would choose; none if not reported.</param>
internal readonly record struct RouteAnswer(RouteKind Kind, int LinkIndex, Ip Gateway, Ip Source);
