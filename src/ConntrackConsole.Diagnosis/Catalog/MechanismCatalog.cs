using ConntrackConsole.Wire;

namespace ConntrackConsole.Diagnosis.Catalog;

/// <summary>All mechanisms, in the order in which they are reported; docs/diagnosis.md is made from it.</summary>
internal static partial class MechanismCatalog
{
    public const string WarningId = "warning";

    private const string PodIsAlive = "do not flush: the pod is alive, and a flush can make each of its connections this incident";

    public static IReadOnlyList<Mechanism> All { get; } =
    [
        M1, M1b, M2, M2b, M3, M3NoDrain, M3GraceTooShort, M3Refused, M4, M5, M5b, M6, M6b, M7, M8DeadBackend, M8Untranslated,
        M9Drops, M9WillEnd, M9Ended, M9Draining, M10, M11, M12, TablePressure, EarlyDrop, ProxyLag, ProxyFailure,
    ];

    public static Mechanism M1 => new("M1", "", MechanismCodes.InvalidUntranslated, "an INVALID answer of the pod is not translated back, and its client resets the pod's own address")
    {
        Needs = "resets client → pod address although the client's entry uses the Service (packet direction), INVALID packets counted (counters), be_liberal=0 (configuration), no entry lost (events without a gap)",
        RefutedBy = "the INVALID counter does not increase at the next such reset, or an entry of that client was destroyed just before (then M2)",
        Helps = "net.netfilter.nf_conntrack_tcp_be_liberal=1 (a stray reset can then end the entry of an idle connection), or a rule that drops INVALID in FORWARD; not tcp_ignore_invalid_rst; never flush",
        Remedies = [new(RemedyAction.SetSetting, SettingCatalog.BeLiberal, "1"), new(RemedyAction.SetSetting, SettingCatalog.DropInvalid, "forward")],
        Harmful = [new(RemedyAction.FlushPodIp, PodIsAlive), new(RemedyAction.SetSetting, "it makes late resets worse", "net.netfilter.nf_conntrack_tcp_ignore_invalid_rst")],
    };

    public static Mechanism M1b => new("M1b", "", MechanismCodes.InvalidDropped, "kube-proxy's rule drops INVALID packets; their senders retransmit")
    {
        Needs = "kube-proxy's counter of dropped INVALID packets increases (counters), be_liberal=0, which installs that rule (configuration)",
        RefutedBy = "the packets that are dropped belong to other connections than those that are slow",
        Helps = "nothing in general: it is mostly harmless; if connections hang because routes are asymmetric, net.netfilter.nf_conntrack_tcp_be_liberal=1",
        Remedies = [Remedy.Nothing, new(RemedyAction.SetSetting, SettingCatalog.BeLiberal, "1")],
        Harmful = [new(RemedyAction.FlushPodIp, PodIsAlive)],
    };

    public static Mechanism M2 => new("M2", "", MechanismCodes.EntryLost, "the entry was lost before its connection ended; the pod's next segment arrived untranslated")
    {
        Needs = "resets client → pod address (packet direction), new entries that begin with the pod's address after others were destroyed before their end (entry transition); with tcp_loose=0 no new entry begins, and the destroyed ones count",
        RefutedBy = "the destroyed entries belong to other clients than the resets",
        Helps = "find what deletes or evicts entries (conntrack -E -e DESTROY); raise nf_conntrack_max; do not flush live pods",
        Remedies = [new(RemedyAction.SetSetting, SettingCatalog.Max), new(RemedyAction.ChangeNode)],
        Harmful = [new(RemedyAction.FlushPodIp, PodIsAlive)],
    };

    public static Mechanism M2b => new("M2b", "", MechanismCodes.Rebalanced, "a lost entry was created again in mid-stream towards another pod, which resets the unknown connection")
    {
        Needs = "resets by a pod that never had the connection (packet direction), new entries that begin in mid-stream (entry transition)",
        RefutedBy = "the pod had accepted that client's connection before",
        Helps = "nothing, if it follows a flush of a dead pod: it is the intended fail-fast",
        Remedies = [Remedy.Nothing],
        Harmful = [new(RemedyAction.FlushPodIp, "another flush moves live connections to other pods, which reset them")],
    };

    public static Mechanism M3 => M3Of("", MechanismCodes.ClosedTooEarly,
        "the pod itself ends connections that its clients still use: it closes too early, without draining, or is killed when its grace period ends",
        "translated resets by the pod (packet direction), its entries went to CLOSE (entry transition); of one node without the cluster",
        "the pod continues with the same process (then the application resets on purpose), or another pod has the address now (M5): check its finishedAt, exit code and start");

    public static Mechanism M3NoDrain => M3Of("no drain", MechanismCodes.NoDrain,
        "the application closes connections that its clients still use when it is to stop, without draining them",
        "translated resets by the pod after its deletion was requested and before another pod has its address (packet direction, lifecycle)",
        "the resets came before the deletion request, or another pod had the address (M5)");

    public static Mechanism M3GraceTooShort => M3Of("grace too short", MechanismCodes.GraceTooShort,
        "the pod is killed at the end of its grace period while its clients still use connections",
        "translated resets by the pod (packet direction) at the end of its grace period, exit code 137 (lifecycle)",
        "its containers ended before the grace period did");

    public static Mechanism M3Refused => M3Of("refused while listed", MechanismCodes.RefusedWhileListed,
        "a terminating pod refuses new connections while its endpoint is still listed",
        "refused SYNs (packet direction) between the deletion request and the removal of the endpoint (lifecycle)",
        "nothing listened on that port before the deletion request either");

    public static Mechanism M4 => new("M4", "", MechanismCodes.BlackHole, "black hole: the pod or its node is gone, its entries remain, its clients hang")
    {
        Needs = "established entries that wait for an answer (entry transition), and one of: no live pod owns the address, its node is lost, or its node fell silent while two other nodes at least see connections to two of its pods at least back off, and none of its pods answers (lifecycle), the route is dead (configuration); on one node without the cluster also packets to the address without an answer (packet direction). With a dead route or a silent node at once, otherwise after 10 s",
        RefutedBy = "any packet from the address, or a remaining timeout that rises above the unacknowledged one; a live pod that has the address and only stalls",
        Helps = "once it is certain that no live pod has the address: flush its entries on every node (needs tcp_loose=1)",
        Remedies = [Remedy.FlushPodIp],
        Harmful = [new(RemedyAction.FlushPodIp, "with tcp_loose=0 or without a ready endpoint a flush leaves the clients hanging"), new(RemedyAction.SetSetting, "a shorter unacknowledged timeout breaks live but slow connections", "net.netfilter.nf_conntrack_tcp_timeout_unacknowledged")],
    };

    public static Mechanism M5 => new("M5", "", MechanismCodes.AddressReused, "the address belongs to a new pod, which resets connections of its predecessor")
    {
        Needs = "translated resets (packet direction) after a new pod got the address (lifecycle), entries older than that pod (entry transition)",
        RefutedBy = "the connections began after the new pod had started",
        Helps = "flush the entries that are older than the new owner of the address",
        Remedies = [Remedy.FlushService],
        Harmful = [new(RemedyAction.FlushPodIp, "do not flush all of the address: connections to the new pod are alive")],
    };

    public static Mechanism M5b => new("M5b", "", MechanismCodes.WrongBackend, "connections to the Service reach a pod outside of it, which took over the address of a former backend")
    {
        Needs = "entries of the Service that became ESTABLISHED with the address after its owner started (entry transition), an owner that never was in the Service's slices (lifecycle)",
        RefutedBy = "the owner was in one of the Service's slices when they began",
        Helps = "flush the entries of this Service to the address at once: its clients talk to a stranger",
        Remedies = [Remedy.FlushService],
        Harmful = [new(RemedyAction.FlushPodIp, "do not flush all of the address: its owner is alive and has connections of its own")],
    };

    public static Mechanism M6 => new("M6", "", MechanismCodes.ProxyLagged, "kube-proxy lags: new connections still go to a removed endpoint")
    {
        Needs = "new entries to the backend (entry transition) after its endpoint left the slices (lifecycle); pending changes, failures or health of kube-proxy (counters) make it surer",
        RefutedBy = "the new entries belong to another Service that still lists the endpoint",
        Helps = "repair kube-proxy on the nodes that lag; a flush is useless until its rules are right",
        Remedies = [new(RemedyAction.RepairKubeProxy)],
        Harmful = [new(RemedyAction.FlushPodIp, "useless until the rules are right: the next connection goes to the removed endpoint again")],
    };

    public static Mechanism M6b => new("M6b", "", MechanismCodes.SynReuse, "clients with few source ports use unanswered entries to a removed backend again")
    {
        Needs = "SYN_SENT [UNREPLIED] entries that new connections use again (entry transition), and a backend without a live owner or endpoint (lifecycle), or a dead route (configuration)",
        RefutedBy = "the entries are new ones each time (then M6), or one of them was answered",
        Helps = "flush the UNREPLIED entries: always safe; more source ports for the client",
        Remedies = [Remedy.FlushPodIp],
    };

    public static Mechanism M7 => new("M7", "", MechanismCodes.NoEndpoints, "the Service has no ready endpoint, and connections to it are refused")
    {
        Needs = "no ready endpoint in the slices (lifecycle), attempts that were refused by ICMP since (packet direction)",
        RefutedBy = "an attempt succeeds while the slices list no ready endpoint",
        Helps = "capacity: ready pods for the Service",
        Remedies = [new(RemedyAction.AddEndpoints)],
        Harmful = [new(RemedyAction.FlushService, "do not flush: without an endpoint it makes existing clients hang")],
    };

    private static Mechanism M3Of(string kind, string code, string title, string needs, string refutedBy) => new("M3", kind, code, title)
    {
        Needs = needs,
        RefutedBy = refutedBy,
        Helps = "drain at SIGTERM (preStop), a longer grace period; flushes and sysctls do not help",
        Remedies = [new(RemedyAction.SetPreStop), new(RemedyAction.SetGrace)],
        Harmful =
        [
            new(RemedyAction.FlushPodIp, "do not flush: it ends the connections that still drain"),
            new(RemedyAction.SetSetting, "no effect: the packets are valid and translated", SettingCatalog.BeLiberal),
        ],
    };
}
