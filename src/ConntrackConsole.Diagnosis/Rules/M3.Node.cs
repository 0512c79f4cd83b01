using ConntrackConsole.Diagnosis.Catalog;
using ConntrackConsole.Diagnosis.Facts;
using ConntrackConsole.Diagnosis.Findings;

namespace ConntrackConsole.Diagnosis.Rules;

// What one node can show without the cluster.
internal static partial class M3
{
    private static RuleResult OnOneNode(Evidence seen, ResetEvidence resets)
    {
        // A port scan is refused, too.
        if (resets.FromBackend.Count == 0)
            return RuleResult.Insufficient("M3", $"whether the pod terminates: it refused {resets.RefusedSyns.Count} connections, as a port without a listener does");
        if (seen.Entries.Value is not { ClosedByReset: > 0 })
            return RuleResult.Insufficient("M3", "entries closed by the backend's resets (they may have closed before the observation)");
        var items = new List<EvidenceItem> { Direction(resets.FromBackend.Count, resets.RefusedSyns.Count, resets.FromBackend.FirstMs) };
        AddCommon(seen, items);
        int count = resets.FromBackend.Count + resets.RefusedSyns.Count;
        return RuleResult.Of(seen, MechanismCatalog.M3, new(ExplainedUnit.Resets, count, resets.Total, $"{count} resets of the backend"), items, resets.FromBackend + resets.RefusedSyns);
    }

    private static EvidenceItem Direction(int resets, int refusals, long? atMs) => new(EvidenceClass.PacketDirection,
        $"{resets} resets and {refusals} refusals came from the pod, correctly translated: its client sees the Service as the sender", atMs);

    private static void AddCommon(Evidence seen, List<EvidenceItem> items)
    {
        if (seen.Entries.Value is { ClosedByReset: > 0 } entries)
            items.Add(new(EvidenceClass.EntryTransition, $"{entries.ClosedByReset} of its entries went to CLOSE"));
        if (seen.Counters.Value is { Invalid: 0 })
            items.Add(new(EvidenceClass.Counters, "no INVALID packet: every packet was translated"));
    }
}
