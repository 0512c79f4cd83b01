using ConntrackConsole.Diagnosis.Catalog;
using ConntrackConsole.Diagnosis.Facts;
using ConntrackConsole.Diagnosis.Findings;
using ConntrackConsole.Diagnosis.Rules.Shared;

namespace ConntrackConsole.Diagnosis.Rules;

/// <summary>A pod outside of the Service answers connections of the Service: no reset shows it.</summary>
internal static class M5b
{
    public static RuleResult Evaluate(Evidence seen)
    {
        if (seen.Entries.Value is not { EstablishedWithOwner: { Count: > 0 } established } || seen.Lifecycle.Value is not { HostNetwork: false, NewOwner: { } owner })
            return RuleResult.Nothing;
        if (owner.InService is not { } inService)
            return RuleResult.Insufficient("M5b", $"whether {owner.Name}, which has {seen.Subject.Backend} now, is in the Service");
        if (inService)
            return RuleResult.Nothing;
        EvidenceItem[] items =
        [
            new(EvidenceClass.EntryTransition, $"{established.Count} entries of the Service became ESTABLISHED with {seen.Subject.Backend}", established.FirstMs),
            new(EvidenceClass.Lifecycle, $"the address belongs to {owner.Name}, which is in none of the Service's slices", owner.StartedMs),
        ];
        return RuleResult.Of(seen, MechanismCatalog.M5b, Attempts.Share(seen, established.Count, "connections to another workload"), items, established);
    }
}
