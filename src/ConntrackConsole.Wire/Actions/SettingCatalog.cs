namespace ConntrackConsole.Wire;

/// <summary>
/// The settings that may be changed, and no others (Documentation/networking/nf_conntrack-sysctl.rst; kube-proxy's
/// configuration kubeproxy.config.k8s.io/v1alpha1). Console and node both check against it.
/// </summary>
public static class SettingCatalog
{
    /// <summary>Name of the filter that drops INVALID packets: off, forward or forward+input.</summary>
    public const string DropInvalid = "nftables.drop_invalid";

    /// <summary>Value of <see cref="DropInvalid"/> while nothing is dropped.</summary>
    public const string Off = "off";

    /// <summary>Name of nf_conntrack_tcp_be_liberal, whose return to 0 is withheld where kube-proxy started under 1.</summary>
    public const string BeLiberal = Prefix + "tcp_be_liberal";

    /// <summary>Name of nf_conntrack_max, whose largest value depends on the node's memory.</summary>
    public const string Max = Prefix + "max";

    /// <summary>Kernel memory of one entry with its extensions and its share of the hash, bytes: nf_conntrack's slab objects have 256 to 320.</summary>
    public const long BytesPerEntry = 400;

    private const string Prefix = "net.netfilter.nf_conntrack_";
    private const string SysctlFile = "/etc/sysctl.d/90-conntrack.conf on the node: {key} = {value}";

    private static readonly string[] Switch = ["0", "1"];

    /// <summary>All of them.</summary>
    public static IReadOnlyList<SettingKind> All { get; } =
    [
        new(BeLiberal, SettingCarrier.Sysctl, Switch, 0, 1, "0", "",
            "1: segments beyond the window are no longer INVALID, so replies keep being translated. Helps where clients reset the pod's own address.",
            "kube-proxy in iptables mode installs its rule that drops INVALID segments only if this was 0 when it started: started under 1 and set back to 0, nothing protects. conntrack.tcpBeLiberal in its configuration sets it again.",
            "kube-proxy's configuration: conntrack.tcpBeLiberal: true (false for 0)"),
        new(Prefix + "tcp_ignore_invalid_rst", SettingCarrier.Sysctl, Switch, 0, 1, "0", "",
            "1: a reset beyond the window is not INVALID; it no longer closes the entry (Linux 5.14).",
            "Forged and late resets pass to the client.", SysctlFile),
        new(Prefix + "log_invalid", SettingCarrier.Sysctl, [], 0, 255, "0", "",
            "Writes INVALID packets of this protocol to the kernel's log: 6 TCP, 17 UDP, 255 all, 0 none.",
            "Each packet is a line in the log: on a busy node that is thousands a second, so it is set back after a minute at most.", SysctlFile)
        {
            LongestMs = 60_000,
        },
        new(Prefix + "acct", SettingCarrier.Sysctl, Switch, 0, 1, "0", "",
            "1: new entries count packets and bytes. Entries that exist already do not.", "", SysctlFile),
        new(Prefix + "timestamp", SettingCarrier.Sysctl, Switch, 0, 1, "0", "",
            "1: new entries keep the time they began.", "", SysctlFile),
        new(Prefix + "events", SettingCarrier.Sysctl, ["1", "2"], 1, 2, "2", "",
            "1: every entry emits events; 2: only entries that began while somebody listened.",
            "With 1 all new flows cost a little more, listened to or not.", SysctlFile),
        new(Prefix + "tcp_loose", SettingCarrier.Sysctl, ["1"], 1, 1, "1", "",
            "1: connections whose entry is lost are picked up in mid-stream. Without it every later segment is INVALID and the client hangs after a flush.",
            "", SysctlFile),
        new(Max, SettingCarrier.Sysctl, [], 1024, int.MaxValue, "by memory", "entries",
            "The most entries that the table holds; above it new flows are dropped. Only raised here, and only as far as memory allows.",
            "The hash is not grown with it: much above nf_conntrack_buckets × 8 each lookup gets slower. kube-proxy's conntrack.maxPerCore sets it again at its start.",
            "kube-proxy's configuration: conntrack.maxPerCore and conntrack.min (entries per core, and the least)")
        {
            OnlyUp = true,
        },
        new(Prefix + "tcp_timeout_unacknowledged", SettingCarrier.Sysctl, [], 60, 3600, "300", "seconds",
            "How long an entry lives whose data nobody acknowledges.",
            "Shorter than a client's longest retransmission pause (about 120 s) it tears living but slow connections.", SysctlFile),
        new(Prefix + "tcp_timeout_max_retrans", SettingCarrier.Sysctl, [], 60, 3600, "300", "seconds",
            "How long an entry lives after several retransmissions.",
            "Shorter than a client's longest retransmission pause (about 120 s) it tears living but slow connections.", SysctlFile),
        new(Prefix + "tcp_timeout_close_wait", SettingCarrier.Sysctl, [], 10, 86_400, "60", "seconds",
            "How long an entry lives after one side has closed. kube-proxy sets 3600.",
            "Shorter than a half-closed connection lasts it tears streams whose client has finished sending.",
            "kube-proxy's configuration: conntrack.tcpCloseWaitTimeout: {value}s"),
        new(DropInvalid, SettingCarrier.Filter, [Off, "forward", "forward+input"], 0, 0, Off, "",
            "Drops INVALID packets in the node's FORWARD (and INPUT) path, so that no un-translated segment reaches a client. The kernel disarms it by itself.",
            "It drops packets: with asymmetric routes, where conntrack sees one direction only, whole connections stop.",
            "nf_conntrack_tcp_be_liberal=1, or a rule of your own in the node's firewall; this one is for an incident only")
        {
            LongestMs = 60 * 60 * 1000,
        },
        Ipvs("tcp", "900", "established TCP connections"),
        Ipvs("tcpfin", "120", "TCP connections after a FIN"),
        Ipvs("udp", "300", "UDP"),
    ];

    /// <summary>Finds a setting by its full name, or by the short one that people type (nf_conntrack_tcp_loose).</summary>
    /// <param name="name">The name.</param>
    public static SettingKind? Find(string? name) => All.FirstOrDefault(kind => kind.Key == name || kind.Key == "net.netfilter." + name);

    private static SettingKind Ipvs(string name, string usual, string what) => new(
        $"ipvs.timeout_{name}", SettingCarrier.Ipvs, [], 1, 86_400, usual, "seconds",
        $"How long IPVS keeps {what}.",
        "A conntrack flush alone does not end connections that IPVS keeps.",
        $"kube-proxy's configuration: ipvs.{name switch { "tcp" => "tcpTimeout", "tcpfin" => "tcpFinTimeout", _ => "udpTimeout" }}: {{value}}s");
}
