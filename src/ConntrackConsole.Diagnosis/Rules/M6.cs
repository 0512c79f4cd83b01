using ConntrackConsole.Diagnosis.Catalog;
using ConntrackConsole.Diagnosis.Facts;
using ConntrackConsole.Diagnosis.Findings;
using ConntrackConsole.Diagnosis.Rules.Shared;

namespace ConntrackConsole.Diagnosis.Rules;

/// <summary>New connections go to an endpoint that left the slices.</summary>
internal static class M6
{
    /// <summary>Refusals by the removed endpoint: the new connections that M6 counts, seen as resets.</summary>
    public static int Refusals(Evidence seen) => seen is { Resets.Value.RefusedSyns: var refused, Lifecycle.Value.EndpointRemovedMs: { } removedMs }
        ? refused.Between(removedMs + M3.PropagationMs, long.MaxValue).Count : 0;

    public static RuleResult Evaluate(Evidence seen)
    {
        if (seen.Entries.Value is not { NewAfterRemoval: { Count: > 0 } late })
            return RuleResult.Nothing;
        if (seen.Lifecycle.Value is not { } life)
            return RuleResult.Insufficient("M6", $"when the endpoint left the slices, along with {late.Count} new entries to it: {seen.Lifecycle.MissingBecause}");
        if (life.EndpointRemovedMs is not { } removedMs)
            return RuleResult.Nothing;
        // Every cluster needs a moment to write its rules.
        if (late.IsTimed)
            late = late.Between(removedMs + M3.PropagationMs, long.MaxValue);
        if (late.Count == 0)
            return RuleResult.Nothing;
        var items = new List<EvidenceItem>
        {
            new(EvidenceClass.EntryTransition, $"{late.Count} new entries to {seen.Subject.Backend}", late.FirstMs),
            new(EvidenceClass.Lifecycle, $"its endpoint had left the slices{(late.FirstMs is { } firstMs ? $" {(firstMs - removedMs) / 1000.0:0.#} s before the first" : "")}", removedMs),
        };
        if (seen.Proxy.Value is { } proxy && (proxy.Lags || proxy.SyncFailures > 0))
            items.Add(new(EvidenceClass.Counters, Pressure.Describe(proxy)));
        return RuleResult.Of(seen, MechanismCatalog.M6, Attempts.Share(seen, late.Count, "new connections to a removed endpoint"), items, late);
    }
}
