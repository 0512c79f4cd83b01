using ConntrackConsole.Diagnosis.Catalog;
using ConntrackConsole.Diagnosis.Facts;
using ConntrackConsole.Diagnosis.Findings;
using ConntrackConsole.Diagnosis.Rules.Shared;

namespace ConntrackConsole.Diagnosis.Rules;

/// <summary>An unanswered entry to a backend that is gone is used again, because its client has few source ports.</summary>
internal static class M6b
{
    public static RuleResult Evaluate(Evidence seen)
    {
        if (seen.Entries.Value is not { SynSentReused: { Count: > 0 } reused } || !seen.IsSilent)
            return RuleResult.Nothing;
        if (seen is { Lifecycle.Value: { IsOwned: true, EndpointRemovedMs: null, NodeLost: false }, Route.Value: not { IsDead: true } })
            return RuleResult.Nothing; // A live backend with a full backlog.
        List<EvidenceItem> items =
        [
            new(EvidenceClass.EntryTransition, $"{reused.Count} SYN_SENT [UNREPLIED] entries to {seen.Subject.Backend} were used again by new connections", reused.FirstMs),
            .. RuleText.Gone(seen),
        ];
        if (seen.Lifecycle.Value?.EndpointRemovedMs is { } removedMs)
            items.Add(new(EvidenceClass.Lifecycle, "its endpoint had left the slices", removedMs));
        // A backend with a full backlog is silent, too: packets alone do not show that it is gone.
        if (items.All(item => item.Class is EvidenceClass.EntryTransition or EvidenceClass.PacketDirection))
            return RuleResult.Insufficient("M6b", $"whether a live pod has {seen.Subject.Backend}, along with {reused.Count} unanswered entries: {seen.Lifecycle.MissingBecause ?? "unknown"}");
        return RuleResult.Of(seen, MechanismCatalog.M6b, Attempts.Share(seen, reused.Count, "connections by an unanswered entry"), items, reused);
    }
}
