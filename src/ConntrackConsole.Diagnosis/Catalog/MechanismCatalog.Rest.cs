using ConntrackConsole.Wire;

namespace ConntrackConsole.Diagnosis.Catalog;

// UDP, IPVS, expiry, bypass, clash, and the warnings.
internal static partial class MechanismCatalog
{
    public static Mechanism M8DeadBackend => new("M8", "dead backend", MechanismCodes.UdpDeadBackend, "datagrams go to a backend that is gone, because their sender keeps the entry alive")
    {
        Needs = "UDP entries that are refreshed (entry transition), and a backend without a live owner (lifecycle), or a dead route (configuration)",
        RefutedBy = "an answer from the address",
        Helps = "flush the UDP entries of the address: the next datagram goes to a current endpoint",
        Remedies = [Remedy.FlushPodIp],
    };

    public static Mechanism M8Untranslated => new("M8", "untranslated", MechanismCodes.UdpUntranslated, "datagrams go to the Service's own address untranslated, by an entry made while the rules were absent")
    {
        Needs = "UDP entries with the Service's address as reply source, refreshed (entry transition), while the Service has ready endpoints (lifecycle)",
        RefutedBy = "the rules translate that address only for some sources, and not for these",
        Helps = "flush the entries at the Service's address: the next datagram is translated",
        Remedies = [Remedy.FlushService],
    };

    public static Mechanism M9Drops => M9Of("server removed, packets dropped", MechanismCodes.IpvsDrops, "IPVS keeps connections to a server that was removed, and drops their packets: their clients hang",
        "open connections in IPVS's table (entry transition) to a server that it no longer has, and expire_nodest_conn=0 (configuration)",
        "the server is listed in /proc/net/ip_vs again, or one of these connections is answered",
        "net.ipv4.vs.expire_nodest_conn=1 on this node, as kube-proxy sets it in IPVS mode: the next packet then ends the connection; a conntrack flush repairs nothing here, and shorter IPVS timeouts help later connections only");

    public static Mechanism M9WillEnd => M9Of("server removed", MechanismCodes.IpvsWillEnd, "IPVS keeps connections to a server that was removed",
        "open connections in IPVS's table (entry transition) to a server that it no longer has, and expire_nodest_conn=1 (configuration)",
        "the server is listed in /proc/net/ip_vs again, or one of these connections is answered",
        "nothing: each connection ends at its next packet, and its client connects again");

    public static Mechanism M9Ended => M9Of("connections ended", MechanismCodes.IpvsEnded, "IPVS ended connections to a server that was removed; the Service's own address reset their clients",
        "entries that the kernel removed before their timeouts (entry transition), resets from the Service's address (packet direction), expire_nodest_conn=1 (configuration)",
        "the address is still a server in /proc/net/ip_vs",
        "nothing: it is the intended fail-fast; drain at SIGTERM to avoid it. A flush is not needed");

    public static Mechanism M9Draining => M9Of("weight 0 without answer", MechanismCodes.IpvsDraining, "IPVS still forwards connections to a server of weight 0 that does not answer",
        "established entries without an answer for 10 s (entry transition), a server of weight 0 (configuration)",
        "any packet from the address",
        "remove the server (kube-proxy does when its connections have ended) with net.ipv4.vs.expire_nodest_conn=1, or a shorter ipvs.timeout_tcp; a conntrack flush repairs nothing here");

    public static Mechanism M10 => new("M10", "", MechanismCodes.IdleExpiry, "the entry of an idle connection expired while both ends were connected")
    {
        Needs = "entries of established connections destroyed at the end of their timeout (entry transition), then un-NATed resets, or resets by another pod (packet direction)",
        RefutedBy = "the expired entries belong to other clients than the resets, or a program deleted them (then M2)",
        Helps = "keep-alive below nf_conntrack_tcp_timeout_established, on the client or the server; kube-proxy sets that timeout to one day",
        Remedies = [new(RemedyAction.KeepAlive)],
        Harmful = [new(RemedyAction.FlushPodIp, PodIsAlive)],
    };

    public static Mechanism M11 => new("M11", "", MechanismCodes.Bypassed, "conntrack is bypassed: connections to Services have no entries here")
    {
        Needs = "no entry of any Service although its pods have traffic (entry transition, packet direction), something that forwards Services past conntrack (configuration)",
        RefutedBy = "an entry of a Service on this node",
        Helps = "nothing here: conntrack does not decide about these connections; look at what does (Cilium: cilium-dbg bpf ct list)",
        Remedies = [Remedy.Nothing],
        Harmful = [new(RemedyAction.FlushPodIp, "a conntrack flush changes nothing for these connections")],
    };

    public static Mechanism M12 => new("M12", "", MechanismCodes.PortClash, "source ports clash in SNAT: the first packet of a connection is dropped, and it begins 1 s or 3 s later")
    {
        Needs = "insert_failed increases (counters), connections that were delayed by a repeated SYN (packet direction); masquerading without random ports (configuration) makes it surer",
        RefutedBy = "delayed connections are not masqueraded",
        Helps = "random source ports for masquerading (--random-fully; kube-proxy and most networks set it); more source addresses",
        Remedies = [new(RemedyAction.ChangeNode)],
        Harmful = [new(RemedyAction.FlushPodIp, "a flush frees no port that is in use, and ends live connections")],
    };

    public static Mechanism TablePressure => WarningOf(MechanismCodes.TablePressure, "the conntrack table is nearly full", "entries above 75 % of the maximum (counters)",
        "the count falls below it by itself", "raise nf_conntrack_max as far as memory allows; find what opens so many connections", new(RemedyAction.SetSetting, SettingCatalog.Max));

    public static Mechanism EarlyDrop => WarningOf(MechanismCodes.EarlyDrop, "the conntrack table is full: the kernel evicts entries or drops packets", "early_drop or drop increases (counters)",
        "drop increases on a table that is not full (then memory is short)", "raise nf_conntrack_max as far as memory allows; find what opens so many connections", new(RemedyAction.SetSetting, SettingCatalog.Max));

    public static Mechanism ProxyLag => WarningOf(MechanismCodes.ProxyLag, "kube-proxy's rules lag behind the cluster", "changes pending for longer than a sync takes, or healthz 503 (counters)",
        "the pending changes are in its rules at the next look", "repair kube-proxy on these nodes before anything is flushed", new(RemedyAction.RepairKubeProxy));

    public static Mechanism ProxyFailure => WarningOf(MechanismCodes.ProxyFailure, "kube-proxy fails to write its rules", "restore or sync failures increase (counters)",
        "the failures stop by themselves", "read kube-proxy's log on these nodes; repair it before anything is flushed", new(RemedyAction.RepairKubeProxy));

    private static Mechanism M9Of(string kind, string code, string title, string needs, string refutedBy, string helps) => new("M9", kind, code, title)
    {
        Needs = needs,
        RefutedBy = refutedBy,
        Helps = helps,
        Remedies = code is MechanismCodes.IpvsDrops or MechanismCodes.IpvsDraining ? [new(RemedyAction.SetSysctl, "net.ipv4.vs.expire_nodest_conn", "1")] : [Remedy.Nothing],
        Harmful = [new(RemedyAction.FlushPodIp, "a conntrack flush ends no connection of IPVS: its next packet goes the same way")],
    };

    private static Mechanism WarningOf(string code, string title, string needs, string refutedBy, string helps, Remedy remedy) => new(WarningId, "", code, title)
    {
        Needs = needs, RefutedBy = refutedBy, Helps = helps, Remedies = [remedy],
    };
}
