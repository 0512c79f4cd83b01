using ConntrackConsole.Diagnosis.Catalog;
using ConntrackConsole.Diagnosis.Facts;
using ConntrackConsole.Diagnosis.Findings;
using ConntrackConsole.Diagnosis.Rules.Shared;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Diagnosis.Rules;

/// <summary>The entry of an idle connection expired. An expiry that breaks no connection is nothing.</summary>
internal static class M10
{
    public static RuleResult Evaluate(Evidence seen)
    {
        if (ResetAttribution.Of(seen) is not { } parts) // M1 and M2b report it.
            return RuleResult.Nothing;
        // Resets after an end by IPVS look the same (M9).
        if (!seen.Ipvs.IsKnown && seen.Entries.Value!.LostFor(LossCause.ByKernel) > 0)
            parts = parts with { ExpiredMoved = 0 };
        int count = parts.Expired + parts.ExpiredMoved;
        if (count == 0)
            return RuleResult.Nothing;
        var resets = seen.Resets.Value!;
        var entries = seen.Entries.Value!;
        var expired = entries.Lost[LossCause.Timeout];
        var items = new List<EvidenceItem>
        {
            new(EvidenceClass.EntryTransition, $"{expired.Count} entries of established connections were destroyed at the end of their timeout", expired.FirstMs),
        };
        if (parts.Expired > 0)
            items.Add(RuleText.UnNated(seen));
        if (parts.ExpiredMoved > 0)
            items.Add(new(EvidenceClass.PacketDirection, $"{parts.ExpiredMoved} resets came from a backend that never had the connection", resets.NewBackend.FirstMs));
        if (seen.Settings.Value?.EstablishedSeconds is { } seconds)
            items.Add(new(EvidenceClass.Configuration, $"nf_conntrack_tcp_timeout_established={seconds}: a connection that is idle for longer loses its entry"));
        int follow = parts.Kept + parts.Lost > 0 || parts.Expired == 0 ? 0 : resets.FromBackendFollowing;
        int? keepAlive = seen.Settings.Value?.EstablishedSeconds is > 1 and < int.MaxValue and var timeout ? (int)(timeout / 2) : null;
        return RuleResult.Of(seen, MechanismCatalog.M10, new(ExplainedUnit.Resets, count + follow, resets.Total, $"{count} resets after an expiry"), items,
            (parts.Expired > 0 ? resets.UnNated : Occurrences.None) + (parts.ExpiredMoved > 0 ? resets.NewBackend : Occurrences.None),
            remedies: [new Remedy(RemedyAction.KeepAlive, Seconds: keepAlive)]);
    }
}
