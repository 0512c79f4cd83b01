using System.ComponentModel;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Diagnosis.Catalog;

/// <summary>Stable codes of mechanisms, for programs.</summary>
[ReasonCodes("Mechanisms")]
internal static class MechanismCodes
{
    [Description("M1: an INVALID answer of a live pod reaches its client untranslated, and the client resets the pod's own address.")]
    public const string InvalidUntranslated = "mechanism.invalid_untranslated";

    [Description("M1b: kube-proxy's rule drops INVALID packets; they are retransmitted.")]
    public const string InvalidDropped = "mechanism.invalid_dropped";

    [Description("M2: an entry was lost before its connection ended, and the pod's next segment reached the client untranslated.")]
    public const string EntryLost = "mechanism.entry_lost";

    [Description("M2b: a lost entry was created again in mid-stream towards another pod, which resets the connection.")]
    public const string Rebalanced = "mechanism.rebalanced";

    [Description("M3: the pod ends connections that its clients still use; whether by an early exit or a kill is unknown.")]
    public const string ClosedTooEarly = "mechanism.closed_too_early";

    [Description("M3: the application closes its connections at SIGTERM without draining them.")]
    public const string NoDrain = "mechanism.no_drain";

    [Description("M3: the pod is killed at the end of its grace period while connections are open.")]
    public const string GraceTooShort = "mechanism.grace_too_short";

    [Description("M3: a terminating pod refuses connections while its endpoint is still in the rules.")]
    public const string RefusedWhileListed = "mechanism.refused_while_listed";

    [Description("M4: packets of established connections lead to a pod or node that is gone.")]
    public const string BlackHole = "mechanism.black_hole";

    [Description("M5: the address belongs to a new pod, which resets connections of its predecessor.")]
    public const string AddressReused = "mechanism.address_reused";

    [Description("M5b: connections to a Service reach a pod outside of it, which took over the address of a former backend.")]
    public const string WrongBackend = "mechanism.wrong_backend";

    [Description("M6: new connections still go to an endpoint that was removed.")]
    public const string ProxyLagged = "mechanism.proxy_lagged";

    [Description("M6b: clients with few source ports use an unanswered entry to a removed backend again.")]
    public const string SynReuse = "mechanism.syn_reuse";

    [Description("M7: the Service has no ready endpoint, and connections to it are refused.")]
    public const string NoEndpoints = "mechanism.no_endpoints";

    [Description("M8: datagrams go to a backend that is gone, because their sender keeps the entry alive.")]
    public const string UdpDeadBackend = "mechanism.udp_dead_backend";

    [Description("M8: datagrams go to the Service's own address untranslated, by an entry made while the rules were absent.")]
    public const string UdpUntranslated = "mechanism.udp_untranslated";

    [Description("M9: IPVS drops the packets of connections to a removed server.")]
    public const string IpvsDrops = "mechanism.ipvs_drops";

    [Description("M9: IPVS ends connections to a removed server at their next packet.")]
    public const string IpvsWillEnd = "mechanism.ipvs_will_end";

    [Description("M9: IPVS ended connections to a removed server.")]
    public const string IpvsEnded = "mechanism.ipvs_ended";

    [Description("M9: IPVS forwards connections to a server of weight 0 that does not answer.")]
    public const string IpvsDraining = "mechanism.ipvs_draining";

    [Description("M10: the entry of an idle connection expired while both ends were connected.")]
    public const string IdleExpiry = "mechanism.idle_expiry";

    [Description("M11: conntrack is bypassed: Services have no entries here.")]
    public const string Bypassed = "mechanism.bypassed";

    [Description("M12: source ports clash in SNAT, and connections are delayed or fail.")]
    public const string PortClash = "mechanism.port_clash";

    [Description("Warning: the conntrack table is nearly full.")]
    public const string TablePressure = "mechanism.table_pressure";

    [Description("Warning: the kernel evicts or refuses entries because the table is full.")]
    public const string EarlyDrop = "mechanism.early_drop";

    [Description("Warning: kube-proxy's rules lag behind the cluster.")]
    public const string ProxyLag = "mechanism.proxy_lag";

    [Description("Warning: kube-proxy fails to write its rules.")]
    public const string ProxyFailure = "mechanism.proxy_failure";
}
