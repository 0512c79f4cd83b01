using ConntrackConsole.Diagnosis.Catalog;
using ConntrackConsole.Diagnosis.Facts;
using ConntrackConsole.Diagnosis.Findings;
using ConntrackConsole.Diagnosis.Rules.Shared;

namespace ConntrackConsole.Diagnosis.Rules;

/// <summary>
/// The pod itself resets its clients. Only the lifecycle distinguishes its own early end (M3) from a reset on purpose (nothing) and from
/// a new pod at its address (M5).
/// </summary>
internal static partial class M3
{
    public const string Alternatives = "M3 and M5";

    /// <summary>Times of objects are in whole seconds.</summary>
    public const long SlackMs = 2_000;

    /// <summary>kube-proxy of every node has removed an endpoint after this time; a refusal until then is the pod's doing.</summary>
    public const long PropagationMs = 2_000;

    // Between the end of a listener and the first refusal: until then no client connects.
    private const long ListenerMs = 1_000;

    private const int KilledExitCode = 137;

    // The time that a process may need to end after its last connection.
    private const int ExitSeconds = 10;

    public static RuleResult Evaluate(Evidence seen)
    {
        if (seen.Resets.Value is not { } resets || resets.FromBackend.Count + resets.RefusedSyns.Count == 0)
            return RuleResult.Nothing;
        if (seen.Lifecycle.Value is { } life)
            return OwnEnd(seen, resets, life);
        return seen.Scope == EvidenceScope.Node ? OnOneNode(seen, resets) : RuleText.NeedsOwner(seen, Alternatives);
    }

    private static RuleResult OwnEnd(Evidence seen, ResetEvidence resets, LifecycleEvidence life)
    {
        if (life.DeletionRequestedMs is not { } requestedMs)
        {
            return life.FinishedMs is null || resets.FromBackend.Count == 0 ? RuleResult.Nothing // It lives: it resets on purpose, or does not listen.
                : RuleResult.Insufficient("M3", "a deletion request: the containers ended by themselves, and their resets are those of a crash or a restart");
        }

        if (life.NewOwner is { StartedMs: null })
            return RuleText.NeedsOwner(seen, Alternatives);
        var change = life.NewOwner?.StartedMs is { } startedMs ? OwnerChange.Of(life, startedMs) : OwnerChange.Unreported(life, seen.Window.ToMs);
        if (life.NewOwner is not null && !resets.FromBackend.IsTimed)
            return RuleResult.Insufficient("M3 or M5", $"the times of resets, which show whether {seen.Subject.Backend} still belonged to the same pod");
        var unclear = change.Unclear(resets.FromBackend) is var count and > 0
            ? RuleResult.Insufficient("M3 or M5", $"which pod sent {count} resets: they came {(life.NewOwner is { } owner ? $"between the end of the former one and the report that {owner.Name} has its address" : "after its end, and another pod may have its address")}") : RuleResult.Nothing;
        return Closed(seen, resets, life, requestedMs, change.FormerUntilMs) + Refused(seen, resets, life, requestedMs, change.FormerUntilMs) + unclear;
    }

    private static RuleResult Closed(Evidence seen, ResetEvidence resets, LifecycleEvidence life, long requestedMs, long ownerMs)
    {
        long? killedMs = KilledMs(life, requestedMs);
        if (!resets.FromBackend.IsTimed)
            return Closed(seen, resets, life, killedMs is not null, resets.FromBackend, resets.FromBackend.Count);
        var own = resets.FromBackend.Between(requestedMs - SlackMs, ownerMs);
        if (IsBacklog(resets, life, own, requestedMs))
        {
            return RuleResult.Insufficient("M3", $"whether connections in use were closed: {own.Count} resets came when the pod ceased to listen, and may be of connections that its process had not accepted");
        }

        if (killedMs is not { } endMs)
            return Closed(seen, resets, life, false, own, own.Count);
        var early = own.Between(long.MinValue, endMs - SlackMs);
        var late = own.Between(endMs - SlackMs, long.MaxValue);
        return Closed(seen, resets, life, false, early, early.Count) + Closed(seen, resets, life, true, late, late.Count);
    }

    // The kernel resets what waits to be accepted when its listener is closed. Those are few, and come with the first refusals; the end of a
    // process resets the connections in use as well.
    private static bool IsBacklog(ResetEvidence resets, LifecycleEvidence life, Occurrences own, long requestedMs)
    {
        var refused = resets.RefusedSyns.Between(requestedMs, long.MaxValue);
        return own.Count < refused.Count && own is { FirstMs: { } firstMs, LastMs: { } lastMs } && refused.FirstMs is { } closedMs
            && firstMs >= closedMs - ListenerMs && lastMs <= closedMs + ListenerMs && !(life.FinishedMs <= lastMs + SlackMs);
    }

    private static RuleResult Closed(Evidence seen, ResetEvidence resets, LifecycleEvidence life, bool killed, Occurrences when, int count)
    {
        if (count == 0)
            return RuleResult.Nothing;
        long requestedMs = life.DeletionRequestedMs!.Value;
        var items = new List<EvidenceItem> { Direction(count, 0, when.FirstMs) };
        string offset = when.FirstMs is { } firstMs ? $"the first reset came {(firstMs - requestedMs) / 1000.0:0.#} s after the deletion request" : "the deletion of the pod was requested in this window";
        items.Add(new(EvidenceClass.Lifecycle, offset, requestedMs));
        if (life.FinishedMs is { } finishedMs)
            items.Add(new(EvidenceClass.Lifecycle, $"its containers ended {(finishedMs - requestedMs) / 1000.0:0.#} s after it{(life.ExitCode is { } code ? $" with exit code {code}" : "")}{(life.GraceSeconds is { } grace ? $"; its grace period was {grace} s" : "")}", finishedMs));
        AddCommon(seen, items);
        var (remedies, helps) = Remedies(life, killed);
        return RuleResult.Of(seen, killed ? MechanismCatalog.M3GraceTooShort : MechanismCatalog.M3NoDrain,
            new(ExplainedUnit.Resets, count, resets.Total, $"{count} resets of the backend"), items, when, helps, remedies);
    }

    private static RuleResult Refused(Evidence seen, ResetEvidence resets, LifecycleEvidence life, long requestedMs, long ownerMs)
    {
        if (resets.RefusedSyns.Count == 0)
            return RuleResult.Nothing;
        if (!resets.RefusedSyns.IsTimed)
            return RuleResult.Insufficient("M3, M6", "the times of refusals, which show whether the endpoint was still listed");
        long untilMs = Math.Min(ownerMs, life.EndpointRemovedMs is { } removedMs ? removedMs + PropagationMs : life.DeletedMs ?? long.MaxValue);
        var refused = resets.RefusedSyns.Between(requestedMs, Math.Max(requestedMs, untilMs));
        // The address of an ended pod may be another pod's already: that one's kernel refuses before its process listens.
        var unclear = ownerMs < long.MaxValue && resets.RefusedSyns.Between(ownerMs, long.MaxValue).Count is var later and > 0
            ? RuleResult.Insufficient("M3, M5b", $"which pod refused {later} connections: they came after the end of the former one, and {(life.NewOwner is { } owner ? $"{owner.Name} has" : "another pod may have")} its address") : RuleResult.Nothing;
        if (refused.Count == 0 || (life.NewOwner is not null && unclear.Missing.Count > 0))
            return unclear;
        var items = new List<EvidenceItem>
        {
            Direction(0, refused.Count, refused.FirstMs),
            new(EvidenceClass.Lifecycle, $"the deletion of the pod had been requested, and its endpoint {(life.EndpointRemovedMs is null ? "is still in the slices" : "was still in the slices, or in rules that follow them")}", requestedMs),
        };
        AddCommon(seen, items);
        var (remedies, helps) = Remedies(life, killed: false);
        return RuleResult.Of(seen, MechanismCatalog.M3Refused, new(ExplainedUnit.Resets, refused.Count, resets.Total, $"{refused.Count} refused connections"), items, refused, helps, remedies) + unclear;
    }

    // The end of the grace period, if the pod was killed then.
    private static long? KilledMs(LifecycleEvidence life, long requestedMs)
    {
        if (life.GraceSeconds is not { } grace)
            return life.ExitCode == KilledExitCode ? life.FinishedMs : null;
        long graceEndMs = requestedMs + (grace * 1000L);
        if (life.ExitCode is { } code && code != KilledExitCode)
            return null;
        return life.FinishedMs is { } finishedMs ? finishedMs >= graceEndMs - SlackMs ? Math.Min(finishedMs, graceEndMs) : null : graceEndMs;
    }

    private static (IReadOnlyList<Remedy> Remedies, string? Helps) Remedies(LifecycleEvidence life, bool killed)
    {
        int? drain = RuleText.Seconds(life.LastPacketP99Seconds);
        // A pod that was killed could not receive its last packets: the percentile is then a lower bound.
        int? grace = drain is { } seconds ? (killed ? Math.Max(seconds, life.GraceSeconds ?? 0) : seconds) + ExitSeconds : null;
        if (grace is not null && !killed && life.GraceSeconds is { } now && now >= grace)
            grace = now;
        return ([new(RemedyAction.SetPreStop, Seconds: drain), new(RemedyAction.SetGrace, Seconds: grace)],
            drain is null ? null
                : $"a preStop hook that sleeps {drain} s (99 of 100 earlier pods had their last connection begin or end within that time after the deletion request), and terminationGracePeriodSeconds of {(killed ? "more than" : "at least")} {(killed ? grace - ExitSeconds : grace)}; flushes and sysctls do not help");
    }
}
