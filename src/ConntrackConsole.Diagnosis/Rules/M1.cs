using ConntrackConsole.Diagnosis.Catalog;
using ConntrackConsole.Diagnosis.Facts;
using ConntrackConsole.Diagnosis.Findings;
using ConntrackConsole.Diagnosis.Rules.Shared;

namespace ConntrackConsole.Diagnosis.Rules;

/// <summary>An INVALID answer is not translated. It is M1 only if no entry was lost, so events must be complete.</summary>
internal static class M1
{
    public const string Alternatives = "M1, M2 and M10";

    public static RuleResult Evaluate(Evidence seen)
    {
        if (seen.Resets.Value is not { UnNated.Count: > 0 } resets)
            return RuleResult.Nothing;
        if (ResetAttribution.Of(seen) is not { } parts)
            return RuleText.NeedsEntries(seen, Alternatives);
        if (parts.Kept + parts.Unclear == 0)
            return RuleResult.Nothing;
        if (seen.MissesEvents)
            return RuleText.NeedsEntries(seen, Alternatives);
        if (seen.Settings.Value?.BeLiberal is not { } liberal)
            return RuleResult.Insufficient("M1", $"nf_conntrack_tcp_be_liberal, which decides whether segments beyond the window are INVALID: {seen.Settings.MissingBecause ?? "unknown"}");
        if (liberal)
            return RuleResult.Insufficient("M1", "the cause of un-NATed resets: be_liberal=1, so segments beyond the window are not INVALID");
        if (seen.Counters.Value is not { } counters)
            return RuleResult.Insufficient("M1", $"INVALID packets along with the un-NATed resets: {seen.Counters.MissingBecause}");
        if (counters.Invalid == 0)
            return RuleResult.Insufficient("M1", "INVALID packets along with the un-NATed resets: the counter did not increase");

        var items = new List<EvidenceItem>
        {
            RuleText.UnNated(seen),
            new(EvidenceClass.Counters, $"conntrack classified {counters.Invalid} packets of the node as INVALID during the observation: such packets are not translated"),
            new(EvidenceClass.Configuration, "nf_conntrack_tcp_be_liberal=0: a segment beyond the window is INVALID"),
        };
        if (parts.Kept == 0)
            return RuleResult.Insufficient(Alternatives, $"an entry that begins with the pod's address, along with entries that were lost: it would show whether {parts.Unclear} un-NATed resets followed from that (with tcp_loose=1)");
        int follow = resets.FromBackendFollowing;
        string text = RuleText.UnNatedResets(parts.Kept) + (follow > 0 ? $", and {follow} resets of the backend that followed from them" : "");
        return RuleResult.Of(seen, MechanismCatalog.M1, new(ExplainedUnit.Resets, parts.Kept + follow, resets.Total, text), items, resets.UnNated);
    }
}
