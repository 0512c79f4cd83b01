using ConntrackConsole.Diagnosis.Catalog;
using ConntrackConsole.Diagnosis.Facts;
using ConntrackConsole.Diagnosis.Findings;
using ConntrackConsole.Diagnosis.Rules.Shared;

namespace ConntrackConsole.Diagnosis.Rules;

/// <summary>A new pod has the address and resets the connections of its predecessor.</summary>
internal static class M5
{
    public static RuleResult Evaluate(Evidence seen)
    {
        if (seen.Resets.Value is not { FromBackend.Count: > 0 } resets || seen.Lifecycle.Value is not { HostNetwork: false, NewOwner: { } owner } life)
            return RuleResult.Nothing; // Without a lifecycle M3 reports that the owner is missing.
        if (owner.StartedMs is not { } startedMs)
            return RuleText.NeedsOwner(seen, M3.Alternatives);
        // Before the window only the new pod had the address.
        bool allNew = startedMs <= seen.Window.FromMs;
        if (!allNew && !resets.FromBackend.IsTimed)
            return RuleResult.Insufficient("M3 or M5", $"the times of resets, which show whether {seen.Subject.Backend} still belonged to the same pod");
        var late = allNew ? resets.FromBackend : resets.FromBackend.Between(OwnerChange.Of(life, startedMs).NewFromMs, long.MaxValue);
        if (late.Count == 0)
            return RuleResult.Nothing;
        if (seen.Entries.Value?.OlderThanOwner is not { } older)
            return RuleResult.Insufficient("M5", $"the age of the entries that were reset, against the start of {owner.Name}: {seen.Entries.MissingBecause ?? "unknown"}");
        if (older == 0)
            return RuleResult.Nothing;
        EvidenceItem[] items =
        [
            new(EvidenceClass.PacketDirection, $"{late.Count} resets came from {seen.Subject.Backend}, correctly translated", late.FirstMs),
            new(EvidenceClass.Lifecycle, $"{owner.Name} has had the address since before them", startedMs),
            new(EvidenceClass.EntryTransition, $"{older} entries are older than that pod", life.EndpointRemovedMs),
        ];
        return RuleResult.Of(seen, MechanismCatalog.M5, new(ExplainedUnit.Resets, late.Count, resets.Total, $"{late.Count} resets of the new owner"), items, late);
    }
}
