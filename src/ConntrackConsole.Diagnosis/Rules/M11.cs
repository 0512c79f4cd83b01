using ConntrackConsole.Diagnosis.Catalog;
using ConntrackConsole.Diagnosis.Facts;
using ConntrackConsole.Diagnosis.Findings;

namespace ConntrackConsole.Diagnosis.Rules;

/// <summary>Services have no entries although their pods have traffic, because something else forwards them.</summary>
internal static class M11
{
    public static RuleResult Evaluate(Evidence seen)
    {
        if (seen.Settings.Value?.Bypass is not { } bypass || seen.Entries.Value?.OfAnyService is not { } entries)
            return RuleResult.Nothing;
        if (entries > 0)
            return RuleResult.Nothing;
        if (seen.MissesEvents)
            return RuleResult.Insufficient("M11", "a complete table: events were lost, and an entry of a Service may have been among them");
        var items = new List<EvidenceItem>
        {
            new(EvidenceClass.EntryTransition, "no entry of any Service"),
            new(EvidenceClass.Configuration, $"{bypass}: it forwards Services without conntrack"),
        };
        if (seen.Traffic.Value?.Packets is { From: > 0, To: > 0 } packets)
            items.Add(new(EvidenceClass.PacketDirection, $"{packets.To} packets went to {seen.Subject.Backend} all the same"));
        return RuleResult.Of(seen, MechanismCatalog.M11, ExplainedShare.Nothing, items);
    }
}
