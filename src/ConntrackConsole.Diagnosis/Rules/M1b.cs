using ConntrackConsole.Diagnosis.Catalog;
using ConntrackConsole.Diagnosis.Facts;
using ConntrackConsole.Diagnosis.Findings;

namespace ConntrackConsole.Diagnosis.Rules;

/// <summary>kube-proxy's rule drops INVALID packets. A few are normal on a busy node.</summary>
internal static class M1b
{
    private const int MinDropped = 10;

    public static RuleResult Evaluate(Evidence seen)
    {
        if (seen.Proxy.Value?.InvalidDropped is not (>= MinDropped and var dropped))
            return RuleResult.Nothing;
        if (seen.Settings.Value?.BeLiberal is not { } liberal)
            return RuleResult.Insufficient("M1b", $"nf_conntrack_tcp_be_liberal, along with {dropped} INVALID packets that kube-proxy's rule dropped: {seen.Settings.MissingBecause ?? "unknown"}");
        if (liberal)
            return RuleResult.Nothing; // Left are bad checksums and the like, which do not come from translation.
        var items = new List<EvidenceItem>
        {
            new(EvidenceClass.Counters, $"kube-proxy's rule dropped {dropped} INVALID packets"),
            new(EvidenceClass.Configuration, "nf_conntrack_tcp_be_liberal=0: a segment beyond the window is INVALID"),
        };
        if (seen.Resets.Value is { UnNated.Count: 0, Incomplete: null })
            items.Add(new(EvidenceClass.PacketDirection, "no client reset the pod's own address"));
        int count = (int)Math.Min(dropped, int.MaxValue);
        return RuleResult.Of(seen, MechanismCatalog.M1b, new(ExplainedUnit.Packets, count, count, $"{dropped} dropped packets of the node"), items);
    }
}
