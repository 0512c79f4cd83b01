using ConntrackConsole.Diagnosis.Facts;
using ConntrackConsole.Diagnosis.Findings;

namespace ConntrackConsole.Diagnosis.Rules.Shared;

/// <summary>Evidence and sentences that several rules share.</summary>
internal static class RuleText
{
    public static EvidenceItem UnNated(Evidence seen) => new(EvidenceClass.PacketDirection,
        $"{seen.Resets.Value!.UnNated.Count} clients {(seen.Scope == EvidenceScope.Node ? "of this node " : "")}reset {seen.Subject.Backend} itself although their entries use a Service address: its answers reached them untranslated",
        seen.Resets.Value.UnNated.FirstMs);

    public static string UnNatedResets(int count) => $"{count} un-NATed resets";

    /// <summary>What becomes of the entries decides between these; every rule gives the same answer, which is then reported once.</summary>
    public static RuleResult NeedsEntries(Evidence seen, string mechanisms) =>
        RuleResult.Insufficient(mechanisms, $"what became of the entries, which decides between {mechanisms}: {seen.Entries.MissingBecause ?? "events were lost"}");

    /// <summary>An expiry and a deletion lead to the same resets.</summary>
    public static RuleResult NeedsCause(string mechanisms, int resets) =>
        RuleResult.Insufficient(mechanisms, $"why entries were destroyed before {resets} resets: a program, the full table, or their timeouts");

    public static RuleResult NeedsOwner(Evidence seen, string mechanisms) =>
        RuleResult.Insufficient(mechanisms, $"the owner of {seen.Subject.Backend}, which decides between {mechanisms}: {seen.Lifecycle.MissingBecause ?? "unknown"}");

    /// <summary>Evidence that packets to the backend arrive nowhere: its lifecycle, its route, and packets without an answer.</summary>
    public static IEnumerable<EvidenceItem> Gone(Evidence seen)
    {
        if (seen.Route.Value is { IsDead: true } route)
            yield return new EvidenceItem(EvidenceClass.Configuration, $"{route.Text}: packets to the address do not arrive");
        if (seen.Lifecycle.Value is { HostNetwork: false } life)
        {
            if (life.NodeLost)
                yield return new EvidenceItem(EvidenceClass.Lifecycle, "the node of the pod does not report any more");
            else if (life is { HasLiveOwner: false })
                yield return new EvidenceItem(EvidenceClass.Lifecycle, $"no live pod has {seen.Subject.Backend}", life.FinishedMs ?? life.DeletedMs ?? life.EndpointRemovedMs);
        }

        if (seen.Traffic.Value?.Packets is { From: 0, To: > 0 } packets)
            yield return new EvidenceItem(EvidenceClass.PacketDirection, $"{packets.To} packets went to the address, none came from it");
    }

    /// <summary>The number of seconds of a measured percentile, rounded up.</summary>
    public static int? Seconds(double? seconds) => seconds is { } value && double.IsFinite(value) && value is >= 0 and < 86_400 ? (int)Math.Ceiling(value) : null;
}
