using ConntrackConsole.Diagnosis.Catalog;
using ConntrackConsole.Diagnosis.Facts;
using ConntrackConsole.Diagnosis.Findings;
using ConntrackConsole.Diagnosis.Rules.Shared;

namespace ConntrackConsole.Diagnosis.Rules;

/// <summary>The Service has no endpoint, and clients were refused since. Without clients it is nothing: it may be scaled to zero on purpose.</summary>
internal static class M7
{
    public static RuleResult Evaluate(Evidence seen)
    {
        var refused = seen.Traffic.Value?.Refused;
        if (seen.Lifecycle.Value is { ServiceEnded: true, ReadyEndpoints: null })
            return RuleResult.Nothing;
        if (seen.Lifecycle.Value?.ReadyEndpoints is not { } ready)
            return refused is { Count: > 0 } ? RuleResult.Insufficient("M7", $"the Service's endpoints, along with {refused.Count} refused connections: {seen.Lifecycle.MissingBecause ?? "unknown"}") : RuleResult.Nothing;
        if (ready > 0)
            return RuleResult.Nothing;
        if (refused is null)
            return RuleResult.Insufficient("M7", $"whether clients were refused since the Service has no ready endpoint: {seen.Traffic.MissingBecause ?? "not observed"}");
        var life = seen.Lifecycle.Value;
        var since = life.NoEndpointSinceMs is { } sinceMs && refused.IsTimed ? refused.Between(sinceMs, long.MaxValue) : refused;
        if (since.Count == 0)
            return RuleResult.Nothing;
        EvidenceItem[] items =
        [
            new(EvidenceClass.PacketDirection, $"{since.Count} connections were refused by ICMP", since.FirstMs),
            new(EvidenceClass.Lifecycle, $"the slices list no ready endpoint{(life.ScaledToZero ? ": the workload was scaled to zero" : "")}", life.NoEndpointSinceMs),
        ];
        return RuleResult.Of(seen, MechanismCatalog.M7, Attempts.Share(seen, since.Count, "refused connections"), items, since);
    }
}
