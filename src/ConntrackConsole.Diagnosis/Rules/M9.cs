using ConntrackConsole.Diagnosis.Catalog;
using ConntrackConsole.Diagnosis.Facts;
using ConntrackConsole.Diagnosis.Findings;
using ConntrackConsole.Diagnosis.Rules.Shared;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Diagnosis.Rules;

/// <summary>IPVS decides what becomes of connections to a removed server, whatever conntrack contains.</summary>
internal static class M9
{
    public static RuleResult Evaluate(Evidence seen) => seen.Ipvs.Value switch
    {
        null => RuleResult.Nothing, // M2b reports that it is missing where it matters.
        { Connections.Removed: > 0 } ipvs => Removed(seen, ipvs.Connections),
        { } ipvs when ResetAttribution.IpvsEnds(seen) => Ended(seen, ipvs),
        { Connections.Draining: > 0 } ipvs => Draining(seen, ipvs.Connections),
        _ => RuleResult.Nothing,
    };

    private static RuleResult Removed(Evidence seen, IpvsConnectionSummary ipvs)
    {
        if (ipvs.ExpireNodestConn is not { } expires)
            return RuleResult.Insufficient("M9", $"net.ipv4.vs.expire_nodest_conn, which decides what becomes of {ipvs.Removed} connections of IPVS to a removed server: it cannot be read");
        var items = new List<EvidenceItem>
        {
            new(EvidenceClass.EntryTransition, $"/proc/net/ip_vs_conn has {ipvs.Removed} open connections to {seen.Subject.Backend}; the longest expires in {ipvs.MaxSeconds} s, and packets do not renew it"),
            new(EvidenceClass.Configuration, $"/proc/net/ip_vs has no such server for their Service, and net.ipv4.vs.expire_nodest_conn={(expires ? "1: the next packet ends the connection" : "0: IPVS drops their packets")}"),
        };
        if (seen.Traffic.Value?.Packets is { From: 0, To: 0 })
            items.Add(new(EvidenceClass.PacketDirection, $"no packet went to {seen.Subject.Backend} during the observation"));
        return RuleResult.Of(seen, expires ? MechanismCatalog.M9WillEnd : MechanismCatalog.M9Drops,
            new(ExplainedUnit.IpvsConnections, ipvs.Removed, ipvs.Total, $"{ipvs.Removed} connections of IPVS"), items);
    }

    private static RuleResult Ended(Evidence seen, IpvsEvidence ipvs)
    {
        int count = ResetAttribution.Of(seen)?.Ended ?? 0;
        if (count == 0)
            return RuleResult.Nothing;
        var resets = seen.Resets.Value!;
        EvidenceItem[] items =
        [
            new(EvidenceClass.EntryTransition, $"{seen.Entries.Value!.LostFor(LossCause.ByKernel)} established entries were removed by the kernel before their timeouts"),
            new(EvidenceClass.PacketDirection, $"{count} resets came from the Service's address for connections that this node no longer had", resets.NewBackend.FirstMs),
            new(EvidenceClass.Configuration, $"net.ipv4.vs.expire_nodest_conn=1, and {seen.Subject.Backend} is a server of {ipvs.Servers} Services"),
        ];
        return RuleResult.Of(seen, MechanismCatalog.M9Ended, new(ExplainedUnit.Resets, count, resets.Total, $"{count} resets"), items, resets.NewBackend,
            refutedBy: $"{seen.Subject.Backend} is still a server in /proc/net/ip_vs");
    }

    // A server of weight 0 may well drain: only unanswered connections are an incident.
    private static RuleResult Draining(Evidence seen, IpvsConnectionSummary ipvs)
    {
        if (seen.Lookups.Value is not { Stuck: > 0, Answered: 0 } looks || !seen.IsSilent)
            return RuleResult.Nothing;
        EvidenceItem[] items =
        [
            new(EvidenceClass.EntryTransition, $"{looks.Stuck} of {looks.Established} ESTABLISHED entries were not answered for {LookupEvidence.StuckSeconds} s or more"),
            new(EvidenceClass.Configuration, "/proc/net/ip_vs has the server with weight 0: no new connection goes there, existing ones do"),
        ];
        return RuleResult.Of(seen, MechanismCatalog.M9Draining, new(ExplainedUnit.IpvsConnections, ipvs.Draining, ipvs.Total, $"{ipvs.Draining} connections of IPVS"), items);
    }
}
