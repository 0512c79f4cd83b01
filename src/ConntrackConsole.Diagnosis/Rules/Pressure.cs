using ConntrackConsole.Diagnosis.Catalog;
using ConntrackConsole.Diagnosis.Facts;
using ConntrackConsole.Diagnosis.Findings;

namespace ConntrackConsole.Diagnosis.Rules;

/// <summary>Conditions of a node that will break connections, or hide why they break. They need one source only, for nothing is inferred.</summary>
internal static class Pressure
{
    private const double TableWarning = 0.75;

    public static RuleResult Evaluate(Evidence seen) => Table(seen) + Proxy(seen);

    public static string Describe(ProxyEvidence proxy)
    {
        var parts = new List<string>();
        if (proxy.ReportsLag)
            parts.Add("it answers on its health port that its rules lag");
        if (proxy.ChangesPending > 0)
            parts.Add($"{proxy.ChangesPending} changes have been pending for {proxy.PendingSeconds:0.#} s");
        if (proxy.SyncFailures > 0)
            parts.Add($"{proxy.SyncFailures} syncs failed");
        return $"kube-proxy{(proxy.Nodes.Count > 0 ? $" of {string.Join(", ", proxy.Nodes)}" : "")}: {string.Join("; ", parts)}";
    }

    private static RuleResult Table(Evidence seen)
    {
        if (seen.Counters.Value is not { } counters)
            return RuleResult.Nothing;
        var result = RuleResult.Nothing;
        if (counters.Max > 0 && counters.Count >= TableWarning * counters.Max)
            result += RuleResult.Warning(seen, MechanismCatalog.TablePressure, new EvidenceItem(EvidenceClass.Counters, $"{counters.Count} of {counters.Max} entries are in use"));
        if (counters.EarlyDrop > 0 || counters.Drop > 0)
            result += RuleResult.Warning(seen, MechanismCatalog.EarlyDrop, new EvidenceItem(EvidenceClass.Counters, $"early_drop increased by {counters.EarlyDrop}, drop by {counters.Drop}"));
        return result;
    }

    private static RuleResult Proxy(Evidence seen)
    {
        if (seen.Proxy.Value is not { } proxy)
            return RuleResult.Nothing;
        var result = RuleResult.Nothing;
        if (proxy.Lags)
            result += RuleResult.Warning(seen, MechanismCatalog.ProxyLag, new EvidenceItem(EvidenceClass.Counters, Describe(proxy)));
        if (proxy.SyncFailures > 0)
            result += RuleResult.Warning(seen, MechanismCatalog.ProxyFailure, new EvidenceItem(EvidenceClass.Counters, Describe(proxy)));
        return result;
    }
}
