using ConntrackConsole.Diagnosis.Facts;
using ConntrackConsole.Diagnosis.Findings;
using ConntrackConsole.Diagnosis.Rules;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Diagnosis;

/// <summary>What the rules conclude from one evidence.</summary>
/// <param name="Findings">In the order of the catalogue. Several can be true at once; their counts of one unit never exceed its whole.</param>
/// <param name="Warnings">Conditions that were measured; they name no cause.</param>
/// <param name="Missing">Why something that points to a mechanism is no finding. Without findings: insufficient evidence, or nothing to explain.</param>
/// <param name="UnexplainedResets">Resets that no finding explains; those of an application on purpose, or of a closed port, are among them.</param>
internal sealed record DiagnosisReport(
    IReadOnlyList<Finding> Findings, IReadOnlyList<Finding> Warnings, IReadOnlyList<MissingEvidence> Missing, int UnexplainedResets);

/// <summary>Applies every rule. Pure: the same evidence gives the same report, on a node and in the console.</summary>
internal static class DiagnosisEngine
{
    private static readonly Func<Evidence, RuleResult>[] Rules =
    [
        M1.Evaluate, M1b.Evaluate, M2.Evaluate, M2b.Evaluate, M3.Evaluate, M4.Evaluate, M5.Evaluate, M5b.Evaluate, M6.Evaluate, M6b.Evaluate,
        M7.Evaluate, M8.Evaluate, M9.Evaluate, M10.Evaluate, M11.Evaluate, M12.Evaluate, Pressure.Evaluate,
    ];

    public static DiagnosisReport Run(Evidence seen)
    {
        var results = Rules.Select(rule => rule(seen)).ToList();
        var findings = results.SelectMany(result => result.Findings).ToList();
        int explained = findings.Where(finding => finding.Explains.Unit == ExplainedUnit.Resets).Sum(finding => finding.Explains.Count);
        if (findings.Exists(finding => finding.Mechanism.Id == "M6"))
            explained += M6.Refusals(seen);
        return new DiagnosisReport(
            [.. findings.Where(finding => !finding.Mechanism.IsWarning)], [.. findings.Where(finding => finding.Mechanism.IsWarning)],
            [.. results.SelectMany(result => result.Missing).Concat(MissingSources(seen)).Distinct()], Math.Max(0, (seen.Resets.Value?.Total ?? 0) - explained));
    }

    // Without a finding, this is the difference between "nothing happened" and "nothing is known".
    private static IEnumerable<MissingEvidence> MissingSources(Evidence seen)
    {
        (string Name, string? Why)[] sources =
        [
            ("resets", seen.Resets.MissingBecause), ("packets", seen.Traffic.MissingBecause), ("events of entries", seen.Entries.MissingBecause),
            ("look-ups of entries", seen.Lookups.MissingBecause), ("connections of IPVS", seen.Ipvs.MissingBecause),
            ("owner and lifecycle", seen.Lifecycle.MissingBecause), ("counters", seen.Counters.MissingBecause), ("kube-proxy", seen.Proxy.MissingBecause),
            ("settings", seen.Settings.MissingBecause), ("route", seen.Route.MissingBecause),
        ];
        foreach (var (name, why) in sources)
        {
            if (why is not null)
                yield return new MissingEvidence("", $"{name}: {why}", MissingKind.Source);
        }

        if (seen.Gaps.Count > 0)
            yield return new MissingEvidence("", $"data of {seen.Gaps.Count} intervals ({string.Join(", ", seen.Gaps.Select(gap => gap.Kind.Code()).Distinct())})", MissingKind.Source);
    }
}
