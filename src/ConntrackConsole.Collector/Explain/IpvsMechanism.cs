using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Explain;

/// <summary>What IPVS has for the address.</summary>
/// <param name="Connections">Its connections, with the switches.</param>
/// <param name="Servers">In how many Services the address is a server.</param>
internal sealed record IpvsEvidence(IpvsConnectionSummary Connections, int Servers)
{
    /// <summary>False where IPVS is loaded, but has nothing to do with the address.</summary>
    public bool IsUsed => Servers > 0 || Connections is { Total: > 0 } or { Partial: true };
}

/// <summary>M9: IPVS decides what becomes of connections to a removed server, whatever conntrack contains.</summary>
internal static class IpvsMechanism
{
    public static Verdict? Of(Evidence seen, List<string> missing) => seen.Ipvs switch
    {
        null => null,
        { Connections.Removed: > 0 } ipvs => Removed(seen, ipvs.Connections, missing),
        { } ipvs when HasEnded(seen) => Ended(seen, ipvs),
        { Connections.Draining: > 0 } ipvs => Draining(seen, ipvs.Connections),
        _ => null,
    };

    /// <summary>True if IPVS ended connections during the observation: the resets that follow are not those of another backend.</summary>
    public static bool HasEnded(Evidence seen) =>
        seen is { Ipvs: { Servers: 0, Connections.ExpireNodestConn: true }, LostByKernel: > 0, NewBackendResets: > 0 };

    private static Verdict? Removed(Evidence seen, IpvsConnectionSummary ipvs, List<string> missing)
    {
        if (ipvs.ExpireNodestConn is not { } expires)
        {
            missing.Add($"net.ipv4.vs.expire_nodest_conn, which decides what becomes of {ipvs.Removed} connections of IPVS to a removed server: it cannot be read");
            return null;
        }

        var reasons = new List<EvidenceStatement>
        {
            new(EvidenceClass.EntryTransition, $"/proc/net/ip_vs_conn has {ipvs.Removed} open connections to {seen.PodIp}; the longest expires in {ipvs.MaxSeconds} s, and packets do not renew it"),
            new(EvidenceClass.Configuration, $"/proc/net/ip_vs has no such server for their Service, and net.ipv4.vs.expire_nodest_conn={(expires ? "1: the next packet ends the connection" : "0: IPVS drops their packets")}"),
        };
        if (seen.Packets is { From: 0, To: 0 })
            reasons.Add(new(EvidenceClass.PacketDirection, $"no packet went to {seen.PodIp} during the observation"));
        return new("M9", "IPVS keeps connections to a server that was removed" + (expires ? "" : ", and drops their packets: their clients hang"),
            $"{ipvs.Removed} connections of IPVS", reasons, "the server is listed in /proc/net/ip_vs again, or one of these connections is answered",
            expires ? "nothing: each connection ends at its next packet, and its client connects again"
                : "net.ipv4.vs.expire_nodest_conn=1 on this node, as kube-proxy sets it in IPVS mode: the next packet then ends the connection; a conntrack flush repairs nothing here, and shorter IPVS timeouts help later connections only");
    }

    private static Verdict Ended(Evidence seen, IpvsEvidence ipvs) => new(
        "M9", "IPVS ended connections to a server that was removed; the Service's own address reset their clients", $"{seen.NewBackendResets} resets",
        [
            new(EvidenceClass.EntryTransition, $"{seen.LostByKernel} established entries were removed by the kernel before their timeouts"),
            new(EvidenceClass.PacketDirection, $"{seen.NewBackendResets} resets came from the Service's address for connections that this node no longer had"),
            new(EvidenceClass.Configuration, $"net.ipv4.vs.expire_nodest_conn=1, and {seen.PodIp} is a server of {ipvs.Servers} Services"),
        ],
        $"{seen.PodIp} is still a server in /proc/net/ip_vs", "nothing: it is the intended fail-fast; drain at SIGTERM to avoid it. A flush is not needed");

    // A server of weight 0 may well drain: only unanswered connections are an incident.
    private static Verdict? Draining(Evidence seen, IpvsConnectionSummary ipvs) => seen.Stuck == 0 || seen.Answered > 0 || seen.Packets is { From: > 0 } ? null : new(
        "M9", "IPVS still forwards connections to a server of weight 0 that does not answer", $"{ipvs.Draining} connections of IPVS",
        [
            new(EvidenceClass.EntryTransition, $"{seen.Stuck} of {seen.Established} ESTABLISHED entries were not answered for {Evidence.StuckSeconds} s or more"),
            new(EvidenceClass.Configuration, "/proc/net/ip_vs has the server with weight 0: no new connection goes there, existing ones do"),
        ],
        "any packet from the address", "remove the server (kube-proxy does when its connections have ended) with net.ipv4.vs.expire_nodest_conn=1, or a shorter ipvs.timeout_tcp; a conntrack flush repairs nothing here");
}
