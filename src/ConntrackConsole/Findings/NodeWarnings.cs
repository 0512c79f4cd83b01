using ConntrackConsole.Diagnosis;
using ConntrackConsole.Diagnosis.Facts;
using ConntrackConsole.Timeline.Live;

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
