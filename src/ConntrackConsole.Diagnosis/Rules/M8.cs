using ConntrackConsole.Diagnosis.Catalog;
using ConntrackConsole.Diagnosis.Facts;
using ConntrackConsole.Diagnosis.Findings;
using ConntrackConsole.Diagnosis.Rules.Shared;

namespace ConntrackConsole.Diagnosis.Rules;

/// <summary>Stale UDP: the sender keeps an entry alive that leads to a backend that is gone, or that was made while the rules were absent.</summary>
internal static class M8
{
    public static RuleResult Evaluate(Evidence seen) =>
        seen.Entries.Value is { } entries ? Dead(seen, entries) + Untranslated(seen, entries) : RuleResult.Nothing;

    private static RuleResult Dead(Evidence seen, EntryEvidence entries)
    {
        if (entries.RefreshedUdp.Count == 0 || !seen.IsSilent)
            return RuleResult.Nothing;
        if (seen is { Lifecycle.Value: { IsOwned: true, NodeLost: false }, Route.Value: not { IsDead: true } })
            return RuleResult.Nothing; // Datagrams without answers are normal for a live pod.
        List<EvidenceItem> items =
        [
            new(EvidenceClass.EntryTransition, $"{entries.RefreshedUdp.Count} UDP entries to {seen.Subject.Backend} are refreshed by their senders", entries.RefreshedUdp.FirstMs),
            .. RuleText.Gone(seen),
        ];
        // A live pod that only receives is silent, too: packets alone do not show that the pod is gone.
        if (items.All(item => item.Class is EvidenceClass.EntryTransition or EvidenceClass.PacketDirection))
            return RuleResult.Insufficient("M8", $"whether a live pod has {seen.Subject.Backend}, along with {entries.RefreshedUdp.Count} UDP entries to it: {seen.Lifecycle.MissingBecause ?? "unknown"}");
        return RuleResult.Of(seen, MechanismCatalog.M8DeadBackend, Share(entries, entries.RefreshedUdp.Count, "UDP flows to a backend that is gone"), items, entries.RefreshedUdp);
    }

    private static RuleResult Untranslated(Evidence seen, EntryEvidence entries)
    {
        if (entries.UntranslatedUdp.Count == 0 || seen.Lifecycle.Value is { ServiceEnded: true, ReadyEndpoints: null })
            return RuleResult.Nothing;
        if (seen.Lifecycle.Value?.ReadyEndpoints is not { } ready)
            return RuleResult.Insufficient("M8", $"the Service's endpoints, along with {entries.UntranslatedUdp.Count} untranslated UDP entries: {seen.Lifecycle.MissingBecause ?? "unknown"}");
        if (ready == 0)
            return RuleResult.Nothing; // M7: no rule would translate them now either.
        EvidenceItem[] items =
        [
            new(EvidenceClass.EntryTransition, $"{entries.UntranslatedUdp.Count} UDP entries have the Service's own address as reply source: nothing translates them", entries.UntranslatedUdp.FirstMs),
            new(EvidenceClass.Lifecycle, $"the Service has {ready} ready endpoints, so a new entry would be translated"),
        ];
        return RuleResult.Of(seen, MechanismCatalog.M8Untranslated, Share(entries, entries.UntranslatedUdp.Count, "untranslated UDP flows"), items, entries.UntranslatedUdp);
    }

    private static ExplainedShare Share(EntryEvidence entries, int count, string what) =>
        new(ExplainedUnit.UdpFlows, count, entries.RefreshedUdp.Count + entries.UntranslatedUdp.Count, $"{count} {what}");
}
