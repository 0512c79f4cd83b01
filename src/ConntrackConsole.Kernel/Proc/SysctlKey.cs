using System.Diagnostics.CodeAnalysis;

namespace ConntrackConsole.Kernel.Proc;

/// <summary>
/// A conntrack sysctl known to this program, with its valid range. Nothing else can be read or written
/// through <see cref="Sysctl"/> (Documentation/networking/nf_conntrack-sysctl.rst).
/// </summary>
internal sealed class SysctlKey
{
    private const string Prefix = "net.netfilter.";

    // The kernel keeps timeouts in jiffies in an int; a larger number wraps.
    private const long MaxTimeoutSeconds = 2_000_000;

    private SysctlKey(string shortName, long minimum, long maximum, bool isWritable = true)
    {
        ShortName = shortName;
        Minimum = minimum;
        Maximum = maximum;
        IsWritable = isWritable;
    }

    /// <summary>1: segments beyond the window are not INVALID.</summary>
    public static SysctlKey TcpBeLiberal { get; } = new("nf_conntrack_tcp_be_liberal", 0, 1);

    /// <summary>1: connections are picked up in mid-stream.</summary>
    public static SysctlKey TcpLoose { get; } = new("nf_conntrack_tcp_loose", 0, 1);

    /// <summary>1: a reset beyond the window is ignored (5.14).</summary>
    public static SysctlKey TcpIgnoreInvalidRst { get; } = new("nf_conntrack_tcp_ignore_invalid_rst", 0, 1);

    /// <summary>Number of the protocol to log INVALID packets for; 255 = all, 0 = none.</summary>
    public static SysctlKey LogInvalid { get; } = new("nf_conntrack_log_invalid", 0, 255);

    /// <summary>1: new entries count packets and bytes.</summary>
    public static SysctlKey Acct { get; } = new("nf_conntrack_acct", 0, 1);

    /// <summary>1: new entries keep their start time.</summary>
    public static SysctlKey Timestamp { get; } = new("nf_conntrack_timestamp", 0, 1);

    /// <summary>0: no events; 1: always; 2: only for entries created while a listener exists.</summary>
    public static SysctlKey Events { get; } = new("nf_conntrack_events", 0, 2);

    /// <summary>Entries in the table now; read-only.</summary>
    public static SysctlKey Count { get; } = new("nf_conntrack_count", 0, uint.MaxValue, isWritable: false);

    /// <summary>Limit of the table; read-only outside the initial network namespace.</summary>
    public static SysctlKey Max { get; } = new("nf_conntrack_max", 1024, int.MaxValue);

    /// <summary>Timeout of an idle established TCP entry, in seconds.</summary>
    public static SysctlKey TcpTimeoutEstablished { get; } = new("nf_conntrack_tcp_timeout_established", 1, MaxTimeoutSeconds);

    /// <summary>Timeout of an entry with unacknowledged data, in seconds.</summary>
    public static SysctlKey TcpTimeoutUnacknowledged { get; } = new("nf_conntrack_tcp_timeout_unacknowledged", 1, MaxTimeoutSeconds);

    /// <summary>Timeout of an entry after several retransmissions, in seconds.</summary>
    public static SysctlKey TcpTimeoutMaxRetrans { get; } = new("nf_conntrack_tcp_timeout_max_retrans", 1, MaxTimeoutSeconds);

    /// <summary>Timeout of an entry after a reset, in seconds.</summary>
    public static SysctlKey TcpTimeoutClose { get; } = new("nf_conntrack_tcp_timeout_close", 1, MaxTimeoutSeconds);

    /// <summary>Timeout of an entry closed by one side only, in seconds.</summary>
    public static SysctlKey TcpTimeoutCloseWait { get; } = new("nf_conntrack_tcp_timeout_close_wait", 1, MaxTimeoutSeconds);

    /// <summary>Timeout of an entry after both sides have closed, in seconds.</summary>
    public static SysctlKey TcpTimeoutTimeWait { get; } = new("nf_conntrack_tcp_timeout_time_wait", 1, MaxTimeoutSeconds);

    /// <summary>Timeout of an unreplied UDP entry, in seconds.</summary>
    public static SysctlKey UdpTimeout { get; } = new("nf_conntrack_udp_timeout", 1, MaxTimeoutSeconds);

    /// <summary>Timeout of a replied UDP entry, in seconds.</summary>
    public static SysctlKey UdpTimeoutStream { get; } = new("nf_conntrack_udp_timeout_stream", 1, MaxTimeoutSeconds);

    /// <summary>All known keys.</summary>
    public static IReadOnlyList<SysctlKey> All { get; } =
    [
        TcpBeLiberal, TcpLoose, TcpIgnoreInvalidRst, LogInvalid, Acct, Timestamp, Events, Count, Max, TcpTimeoutEstablished,
        TcpTimeoutUnacknowledged, TcpTimeoutMaxRetrans, TcpTimeoutClose, TcpTimeoutCloseWait, TcpTimeoutTimeWait,
        UdpTimeout, UdpTimeoutStream,
    ];

    /// <summary>Such as nf_conntrack_tcp_loose: the file's name below /proc/sys/net/netfilter.</summary>
    public string ShortName { get; }

    /// <summary>Such as net.netfilter.nf_conntrack_tcp_loose.</summary>
    public string Name => Prefix + ShortName;

    /// <summary>Minimum value that may be written.</summary>
    public long Minimum { get; }

    /// <summary>Maximum value that may be written.</summary>
    public long Maximum { get; }

    /// <summary>False if the kernel never allows a write.</summary>
    public bool IsWritable { get; }

    /// <summary>Finds a key by its long or short name.</summary>
    public static bool TryParse(string? name, [NotNullWhen(true)] out SysctlKey? key)
    {
        key = All.FirstOrDefault(known => known.Name == name || known.ShortName == name);
        return key is not null;
    }

    /// <summary>The long name.</summary>
    public override string ToString() => Name;
}
