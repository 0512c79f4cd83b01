namespace ConntrackConsole.Wire;

/// <summary>
/// The only settings that may be changed (Documentation/networking/nf_conntrack-sysctl.rst; kube-proxy's
/// configuration kubeproxy.config.k8s.io/v1alpha1). Console and node both check against it.
/// </summary>
internal static class SettingCatalog
{
    /// <summary>Name of the filter that drops INVALID packets: off, forward or forward+input.</summary>
    public const string DropInvalid = "nftables.drop_invalid";

    /// <summary>Value of <see cref="DropInvalid"/> when nothing is dropped.</summary>
    public const string Off = "off";

    /// <summary>Name of nf_conntrack_tcp_be_liberal. Its revert to 0 is withheld if kube-proxy started while it was 1.</summary>
    public const string BeLiberal = Prefix + "tcp_be_liberal";

    /// <summary>Name of nf_conntrack_max. Its maximum depends on the node's memory.</summary>
    public const string Max = Prefix + "max";

    /// <summary>Kernel memory of one entry with its extensions and its share of the hash table, in bytes: slab objects of nf_conntrack take 256 to 320.</summary>
    public const long BytesPerEntry = 400;

    private const string Prefix = "net.netfilter.nf_conntrack_";
    private const string SysctlFile = "/etc/sysctl.d/90-conntrack.conf on the node: {key} = {value}";

    private static readonly string[] Switch = ["0", "1"];

    /// <summary>All settings.</summary>
    public static IReadOnlyList<SettingKind> All { get; } =
    [
        new(BeLiberal, SettingCarrier.Sysctl, Switch, 0, 1, "0", "",
            "1: segments outside the window are no longer INVALID, so replies are still translated. Helps when clients reset connections because they see the pod's own address.",
            "A stray reset outside the window then cuts the entry of an idle connection to the 10 s of CLOSE, without an event and with both ends still connected; at 0 such a reset changes nothing. kube-proxy in iptables mode installs its rule that drops INVALID segments only if this was 0 when it started. If it started with 1, reverting to 0 leaves no protection. conntrack.tcpBeLiberal in its configuration sets this value again.",
            "kube-proxy's configuration: conntrack.tcpBeLiberal: true (false for 0)"),
        new(Prefix + "tcp_ignore_invalid_rst", SettingCarrier.Sysctl, Switch, 0, 1, "0", "",
            "1: a reset before the window is no longer INVALID, so it is translated and forwarded; one beyond the window stays INVALID (Linux 5.14). It does not help against un-NATed resets.",
            "Late and forged resets do more harm, not less: one before the window cuts the entry of an idle connection to the 10 s of CLOSE, without an event and with both ends still connected. At 0 it changes nothing.", SysctlFile),
        new(Prefix + "log_invalid", SettingCarrier.Sysctl, [], 0, 255, "0", "",
            "Logs INVALID packets of this protocol in the kernel log: 6 TCP, 17 UDP, 255 all, 0 none.",
            "Each packet is a line in the log, which is thousands per second on a busy node; the change is therefore reverted after one minute at most.", SysctlFile)
        {
            MaxRevertMs = 60_000,
        },
        new(Prefix + "acct", SettingCarrier.Sysctl, Switch, 0, 1, "0", "",
            "1: new entries count packets and bytes. Existing entries do not.", "", SysctlFile),
        new(Prefix + "timestamp", SettingCarrier.Sysctl, Switch, 0, 1, "0", "",
            "1: new entries record their start time.", "", SysctlFile),
        new(Prefix + "events", SettingCarrier.Sysctl, ["1", "2"], 1, 2, "2", "",
            "1: every entry emits events; 2: only entries created while a listener was active.",
            "With 1 every new flow costs slightly more, even without a listener.", SysctlFile),
        new(Prefix + "tcp_loose", SettingCarrier.Sysctl, ["1"], 1, 1, "1", "",
            "1: connections without an entry are picked up mid-stream. With 0 every later segment is INVALID and the client hangs after a flush.",
            "", SysctlFile),
        new(Max, SettingCarrier.Sysctl, [], 1024, int.MaxValue, "by memory", "entries",
            "Maximum number of entries in the table; above it new flows are dropped. It can only be raised here, and only as far as memory allows.",
            "The hash table does not grow with it: lookups become slower far above nf_conntrack_buckets × 8. kube-proxy's conntrack.maxPerCore sets this value again when kube-proxy starts.",
            "kube-proxy's configuration: conntrack.maxPerCore and conntrack.min (entries per core, and the minimum)")
        {
            IsIncreaseOnly = true,
        },
        new(Prefix + "tcp_timeout_unacknowledged", SettingCarrier.Sysctl, [], 60, 3600, "300", "seconds",
            "Timeout of an entry with unacknowledged data.",
            "A value shorter than the longest retransmission interval of clients (about 120 s) breaks live but slow connections.", SysctlFile),
        new(Prefix + "tcp_timeout_max_retrans", SettingCarrier.Sysctl, [], 60, 3600, "300", "seconds",
            "Timeout of an entry after several retransmissions.",
            "A value shorter than the longest retransmission interval of clients (about 120 s) breaks live but slow connections.", SysctlFile),
        new(Prefix + "tcp_timeout_close_wait", SettingCarrier.Sysctl, [], 10, 86_400, "60", "seconds",
            "Timeout of an entry after one side has closed. kube-proxy sets 3600.",
            "A value shorter than half-closed connections last breaks streams after their client has finished sending.",
            "kube-proxy's configuration: conntrack.tcpCloseWaitTimeout: {value}s"),
        new(DropInvalid, SettingCarrier.Filter, [Off, "forward", "forward+input"], 0, 0, Off, "",
            "Drops INVALID packets in the node's FORWARD (and INPUT) path, so that no untranslated segment reaches a client. The kernel disarms it automatically.",
            "It drops packets: with asymmetric routes, where conntrack sees only one direction, all packets of a connection are dropped.",
            "nf_conntrack_tcp_be_liberal=1, or your own rule in the node's firewall; this filter is for incidents only")
        {
            MaxRevertMs = 60 * 60 * 1000,
        },
        Ipvs("tcp", "900", "established TCP connections"),
        Ipvs("tcpfin", "120", "TCP connections after a FIN"),
        Ipvs("udp", "300", "UDP"),
    ];

    /// <summary>Finds a setting by its full name or its short name (nf_conntrack_tcp_loose).</summary>
    /// <param name="name">The name.</param>
    public static SettingKind? Find(string? name) => All.FirstOrDefault(kind => kind.Key == name || kind.Key == "net.netfilter." + name);

    private static SettingKind Ipvs(string name, string defaultValue, string what) => new(
        $"ipvs.timeout_{name}", SettingCarrier.Ipvs, [], 1, 86_400, defaultValue, "seconds",
        $"How long IPVS keeps {what}.",
        "A conntrack flush does not end connections that IPVS keeps.",
        $"kube-proxy's configuration: ipvs.{name switch { "tcp" => "tcpTimeout", "tcpfin" => "tcpFinTimeout", _ => "udpTimeout" }}: {{value}}s");
}
