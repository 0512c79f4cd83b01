using ConntrackConsole.Diagnosis.Catalog;
using ConntrackConsole.Diagnosis.Facts;
using ConntrackConsole.Diagnosis.Findings;
using ConntrackConsole.Diagnosis.Rules.Shared;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Diagnosis.Rules;

/// <summary>A lost entry was created again towards another pod. IPVS (M9) and an expiry (M10) lead to the same resets.</summary>
internal static class M2b
{
    public const string Alternatives = "M2b, M9 and M10";

    public static RuleResult Evaluate(Evidence seen)
    {
        if (seen.Resets.Value is not { NewBackend.Count: > 0 } resets)
            return RuleResult.Nothing;
        if (ResetAttribution.Of(seen) is not { } parts)
            return RuleText.NeedsEntries(seen, Alternatives);
        if (parts.Moved + parts.MovedUnknown == 0)
            return RuleResult.Nothing;
        var entries = seen.Entries.Value!;
        if (entries.MidStream.Count == 0)
            return RuleResult.Insufficient("M2b", "the mid-stream entry expected for a reset by a new backend");
        var unknown = parts.MovedUnknown == 0 ? RuleResult.Nothing : RuleText.NeedsCause("M2b or M10", parts.MovedUnknown);
        if (parts.Moved == 0)
            return unknown;
        if (!seen.Ipvs.IsKnown && entries.LostFor(LossCause.ByKernel) > 0)
            return RuleResult.Insufficient("M2b or M9", $"the connections of IPVS, along with entries that the kernel removed before their timeouts: {seen.Ipvs.MissingBecause}");
        var items = new List<EvidenceItem>
        {
            new(EvidenceClass.PacketDirection, $"{parts.Moved} resets came from a backend that never had the connection", resets.NewBackend.FirstMs),
            new(EvidenceClass.EntryTransition, $"{entries.MidStream.Count} new entries began ESTABLISHED [UNREPLIED]", entries.MidStream.FirstMs),
        };
        if (seen.Settings.Value is { Loose: true })
            items.Add(new(EvidenceClass.Configuration, "nf_conntrack_tcp_loose=1: connections without an entry are picked up in mid-stream"));
        return RuleResult.Of(seen, MechanismCatalog.M2b, new(ExplainedUnit.Resets, parts.Moved, resets.Total, $"{parts.Moved} resets"), items, resets.NewBackend) + unknown;
    }
}
