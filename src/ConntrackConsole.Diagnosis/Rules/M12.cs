using ConntrackConsole.Diagnosis.Catalog;
using ConntrackConsole.Diagnosis.Facts;
using ConntrackConsole.Diagnosis.Findings;
using ConntrackConsole.Diagnosis.Rules.Shared;

namespace ConntrackConsole.Diagnosis.Rules;

/// <summary>
/// Source ports clash. insert_failed alone is normal: two packets of one new UDP flow race, too. And a SYN is repeated for many reasons: only
/// both at the same time are a clash.
/// </summary>
internal static class M12
{
    public static RuleResult Evaluate(Evidence seen)
    {
        var delayed = seen.Traffic.Value?.DelayedByFailedInsertions;
        if (seen.Counters.Value is not { InsertFailed: > 0 } counters || delayed is { Count: 0 })
            return RuleResult.Nothing;
        if (delayed is null)
        {
            return seen.Settings.Value is { RandomFully: false }
                ? RuleResult.Insufficient("M12", $"whether connections are delayed by a repeated SYN, along with {counters.InsertFailed} failed insertions: {seen.Traffic.MissingBecause ?? "not observed"}")
                : RuleResult.Nothing;
        }

        var items = new List<EvidenceItem>
        {
            new(EvidenceClass.Counters, $"insert_failed increased by {counters.InsertFailed}, clash_resolve by {counters.ClashResolve}"),
            new(EvidenceClass.PacketDirection, $"{delayed.Count} connections were established only by a repeated SYN", delayed.FirstMs),
        };
        if (seen.Settings.Value is { RandomFully: false })
            items.Add(new(EvidenceClass.Configuration, "masquerading chooses source ports in order, not at random"));
        return RuleResult.Of(seen, MechanismCatalog.M12, Attempts.Share(seen, delayed.Count, "delayed connections"), items, delayed);
    }
}
