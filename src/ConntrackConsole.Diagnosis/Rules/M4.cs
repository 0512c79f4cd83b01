using ConntrackConsole.Diagnosis.Catalog;
using ConntrackConsole.Diagnosis.Facts;
using ConntrackConsole.Diagnosis.Findings;
using ConntrackConsole.Diagnosis.Rules.Shared;

namespace ConntrackConsole.Diagnosis.Rules;

/// <summary>A black hole. An entry that waits for an answer while packets to the address cannot arrive needs no further look.</summary>
internal static class M4
{
    public static RuleResult Evaluate(Evidence seen)
    {
        if (seen.Entries.Value?.Abandoned is { Count: > 0 } abandoned && seen.Lookups.Value is null or { Established: 0 })
            return Expired(seen, abandoned);
        if (seen.Lookups.Value is not { } looks)
            return RuleResult.Nothing;
        if (looks.IsLeftOut)
            return looks.Established > 0 ? RuleResult.Insufficient("M4, M6b, M8", $"look-ups of {looks.Established} entries: {seen.Subject.Backend} is not on the list of watched addresses, which is full (lookups.list_full)") : RuleResult.Nothing;
        bool dead = seen.Route.Value is { IsDead: true };
        var silence = seen.Lifecycle.Value is { HostNetwork: false, Silence: { IsProven: true } lost } ? lost : null;
        int hung = dead ? Math.Max(looks.Stuck, looks.Waiting) : silence is not null ? Math.Max(looks.Stuck, looks.BackingOff) : looks.Stuck;
        int inUse = looks.Established - looks.Idle - looks.Cut;
        // Any sign of an answer means that the address is not a black hole.
        if (hung == 0 || looks.Answered > 0 || !seen.IsSilent)
        {
            return inUse > looks.Answered && looks.Seconds < LookupEvidence.StuckSeconds + 2
                ? RuleResult.Insufficient("M4", $"time: {inUse - looks.Answered} entries wait for an answer", MissingKind.Time)
                : RuleResult.Nothing;
        }

        if (hung * 2 <= inUse)
            return RuleResult.Insufficient("M4", "agreement: less than half of the entries in use wait for an answer");
        if (!dead && silence is null && seen.Lifecycle.Value is { NodeLost: false, IsOwned: true })
            return RuleResult.Insufficient("M4", $"a sign that the pod is gone: a live pod has {seen.Subject.Backend} and may only stall");
        if (!dead && silence is null && seen.Scope == EvidenceScope.Cluster && seen.Lifecycle.Value is null or { NodeLost: false, HasLiveOwner: null })
            return RuleResult.Insufficient("M4", $"whether a live pod has {seen.Subject.Backend}, which may only stall: {seen.Lifecycle.MissingBecause ?? "unknown"}");
        string unacknowledged = seen.Settings.Value?.UnacknowledgedSeconds is { } timeout ? $"{timeout} s" : "unknown";
        var items = new List<EvidenceItem>
        {
            new(EvidenceClass.EntryTransition, looks.Stuck > 0
                ? $"{looks.Stuck} of {looks.Established} ESTABLISHED entries were at or below the unacknowledged timeout ({unacknowledged}) in every sample for {LookupEvidence.StuckSeconds} s or more; none was answered"
                : silence is not null && !dead ? $"{hung} of {looks.Established} ESTABLISHED entries wait for an acknowledgement, and their senders back off; none was answered"
                : $"{hung} of {looks.Established} ESTABLISHED entries are at or below the unacknowledged timeout ({unacknowledged}); none was answered"),
        };
        items.AddRange(RuleText.Gone(seen));
        if (silence is not null && seen.Lifecycle.Value is { NodeLost: false })
            items.Add(new(EvidenceClass.Lifecycle, $"{silence.Node}, the node of the pod, fell silent without the end of its collector's connection; connections to {silence.Pods} of its pods back off, and none of its pods answered since", silence.SinceMs));
        if (items.Count == 1)
            return RuleResult.Insufficient("M4", "an unanswered packet to the address, or a dead route to it", MissingKind.UnansweredPacket);
        return Found(seen, looks, hung, inUse, items, dead ? null : silence);
    }

    // It ended by itself: the entries expired, and the clients came to a live pod, which reset them.
    private static RuleResult Expired(Evidence seen, Occurrences abandoned)
    {
        var items = new List<EvidenceItem>
        {
            new(EvidenceClass.EntryTransition, $"{abandoned.Count} entries expired while their clients still waited for an answer, and were created again with another backend, which reset them", abandoned.FirstMs),
        };
        items.AddRange(RuleText.Gone(seen));
        return RuleResult.Of(seen, MechanismCatalog.M4, new(ExplainedUnit.HangingFlows, abandoned.Count, abandoned.Count, $"{abandoned.Count} connections hung until their entries expired"), items, abandoned,
            helps: "nothing is left to flush: these connections ended by themselves", remedies: [Remedy.Nothing]);
    }

    private static RuleResult Found(Evidence seen, LookupEvidence looks, int hung, int inUse, List<EvidenceItem> items, NodeSilence? silence)
    {
        var explains = new ExplainedShare(ExplainedUnit.HangingFlows, hung, Math.Max(hung, inUse), $"{hung} of {looks.Established} established entries");
        if (seen.Ipvs.Value?.Connections is { OutlivesFlush: true } ipvs)
        {
            return RuleResult.Of(seen, MechanismCatalog.M4, explains, items, helps: ipvs.Explain()!.TrimEnd('.'),
                remedies: [new Remedy(RemedyAction.SetSysctl, "net.ipv4.vs.expire_nodest_conn", "1")], harmful: MechanismCatalog.M9Drops.Harmful);
        }

        if (silence is not null && seen.Lifecycle.Value is { NodeLost: false, HasLiveOwner: not false })
        {
            return RuleResult.Of(seen, MechanismCatalog.M4, explains, items, helps: $"repair {silence.Node}, or its network; {Flush(seen, "")}",
                remedies: [new Remedy(RemedyAction.RepairNode)], harmful: [new HarmfulRemedy(RemedyAction.FlushPodIp, "do not flush before the control plane calls the node lost: its pods may come back with it")]);
        }

        if (seen.Lifecycle.Value is { NodeLost: false, IsOwned: true })
        {
            return RuleResult.Of(seen, MechanismCatalog.M4, explains, items, helps: $"repair this node's route to {seen.Subject.Backend}: its pod is alive",
                remedies: [new Remedy(RemedyAction.RepairNode)], harmful: [new HarmfulRemedy(RemedyAction.FlushPodIp, "do not flush: the pod is alive")]);
        }

        return seen.Settings.Value is { Loose: false }
            ? RuleResult.Of(seen, MechanismCatalog.M4, explains, items, helps: Flush(seen, "; it is 0 here, so a flush does not help"),
                remedies: [Remedy.Nothing], harmful: [new HarmfulRemedy(RemedyAction.FlushPodIp, "tcp_loose=0: after a flush every later segment is INVALID, and the clients keep hanging")])
            : RuleResult.Of(seen, MechanismCatalog.M4, explains, items, helps: Flush(seen, ""));
    }

    private static string Flush(Evidence seen, string loose) =>
        $"once it is certain that no live pod has the address: conntrack-collector flush --pod-ip {seen.Subject.Backend} --preset dead-backend on every node (needs tcp_loose=1{loose})";
}
