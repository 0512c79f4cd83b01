using ConntrackConsole.Diagnosis;
using ConntrackConsole.Diagnosis.Catalog;
using ConntrackConsole.Diagnosis.Facts;
using ConntrackConsole.Diagnosis.Rules;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Timeline.NodeCounters;

namespace ConntrackConsole.Findings;

/// <summary>Conditions of nodes that were measured: a full table, a kube-proxy that lags. Only nodes that show one are evaluated.</summary>
internal static class NodeWarnings
{
    public static IReadOnlyList<ObservedFinding> Of(FindingWindow window, IReadOnlyList<NodeRecord> nodes)
    {
        var warnings = new List<ObservedFinding>();
        foreach (var node in nodes)
        {
            var evidence = new Evidence
            {
                Subject = new DiagnosisSubject(default),
                Scope = EvidenceScope.Cluster,
                Window = new ObservationWindow(window.FromMs, window.ToMs),
                Counters = NodeReader.Counters(window, [node]),
                Proxy = NodeReader.Proxy(window, [node]),
                Gaps = NodeReader.Gaps(window, [node]),
            };
            warnings.AddRange(DiagnosisEngine.Run(evidence).Warnings.Select(warning => new ObservedFinding(
                FindingId.Of(warning.Mechanism.Code, default, null, node.Head.Name), default, warning, null, null) { Nodes = [node.Head.Name] }));
        }

        return [.. warnings.OrderBy(warning => warning.Code, StringComparer.Ordinal).ThenBy(warning => warning.Nodes[0], StringComparer.Ordinal)];
    }
}

/// <summary>Findings that are about nodes, whatever the address: their evidence has none.</summary>
internal static class NodeFindings
{
    /// <summary>A mechanism of nodes is not named again for each address on them.</summary>
    public static bool IsOfNodes(string mechanism) => mechanism == MechanismCatalog.M1b.Id;

    /// <param name="window">The window.</param>
    /// <param name="nodes">Nodes with pressure; those without kube-proxy's dropped packets are left out.</param>
    public static IEnumerable<ObservedFinding> Of(FindingWindow window, IReadOnlyList<NodeRecord> nodes)
    {
        var dropping = nodes.Where(node => NodeReader.Proxy(window, [node]).Value is { InvalidDropped: > 0 }).ToList();
        if (dropping.Count == 0)
            return [];
        var evidence = new Evidence
        {
            Subject = new DiagnosisSubject(default),
            Scope = EvidenceScope.Cluster,
            Window = new ObservationWindow(window.FromMs, window.ToMs),
            Proxy = NodeReader.Proxy(window, dropping),
            Settings = SettingReader.Read(window, dropping),
            Gaps = NodeReader.Gaps(window, dropping),
        };
        var drops = dropping.SelectMany(node => node.Increases.Where(increase => increase.InvalidDropped > 0).Select(increase => increase.AtMs + node.Head.ClockOffsetMs))
            .Where(atMs => atMs >= window.FromMs).Order().ToList();
        // Kept by intervals: of the last one, its end.
        var (sinceMs, untilMs) = (drops.Count > 0 ? drops[0] : window.FromMs, drops.Count > 0 ? Math.Min(window.ToMs, drops[^1] + CounterIncrease.BucketMs) : (long?)null);
        return M1b.Evaluate(evidence).Findings.Select(finding => new ObservedFinding(FindingId.Of(finding.Mechanism.Code, default, sinceMs), default, finding with { UntilMs = untilMs }, sinceMs, null)
        {
            Nodes = [.. dropping.Select(node => node.Head.Name).Order(StringComparer.Ordinal)],
        });
    }
}
