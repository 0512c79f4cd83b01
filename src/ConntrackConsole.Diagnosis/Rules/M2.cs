using ConntrackConsole.Diagnosis.Catalog;
using ConntrackConsole.Diagnosis.Facts;
using ConntrackConsole.Diagnosis.Findings;
using ConntrackConsole.Diagnosis.Rules.Shared;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Diagnosis.Rules;

/// <summary>An entry was lost while its connection lived, for another reason than its expiry (M10), and the backend sent first.</summary>
internal static class M2
{
    private static readonly (LossCause Cause, string By)[] Causes =
    [
        (LossCause.OwnDelete, "were deleted by a collector"), (LossCause.ForeignDelete, "were deleted by another program"),
        (LossCause.Kernel, "were evicted from the full table"), (LossCause.ByKernel, "were removed by the kernel before their timeouts"),
    ];

    public static RuleResult Evaluate(Evidence seen)
    {
        if (seen.Resets.Value is not { UnNated.Count: > 0 } resets)
            return RuleResult.Nothing;
        if (ResetAttribution.Of(seen) is not { } parts)
            return RuleText.NeedsEntries(seen, M1.Alternatives);
        var unknown = parts.LostUnknown == 0 ? RuleResult.Nothing : RuleText.NeedsCause("M2 or M10", parts.LostUnknown);
        if (parts.Lost == 0)
            return unknown;
        var entries = seen.Entries.Value!;
        var items = new List<EvidenceItem>
        {
            RuleText.UnNated(seen),
            new(EvidenceClass.EntryTransition,
                $"{entries.LostTotal} established entries were destroyed before their connections ended, {entries.UnNated.Count} new entries begin with the pod's own address",
                entries.Lost.Values.Select(lost => lost.FirstMs).Min()),
        };
        string by = string.Join(", ", Causes.Where(cause => entries.LostFor(cause.Cause) > 0).Select(cause => $"{entries.LostFor(cause.Cause)} {cause.By}"));
        if (by.Length > 0)
            items.Add(new(EvidenceClass.EntryTransition, $"of these, {by}"));
        if (seen.Counters.Value is { } counters && (counters.EarlyDrop > 0 || counters.Drop > 0))
            items.Add(new(EvidenceClass.Counters, $"the table was full: early_drop increased by {counters.EarlyDrop}, drop by {counters.Drop}"));
        // What followed from un-NATed resets is counted once, with M1 if it is there.
        int follow = parts.Kept > 0 ? 0 : resets.FromBackendFollowing;
        return RuleResult.Of(seen, MechanismCatalog.M2, new(ExplainedUnit.Resets, parts.Lost + follow, resets.Total, RuleText.UnNatedResets(parts.Lost)), items, resets.UnNated) + unknown;
    }
}
