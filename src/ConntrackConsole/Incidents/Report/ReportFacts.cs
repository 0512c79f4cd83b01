using ConntrackConsole.Audit;
using ConntrackConsole.Findings;
using ConntrackConsole.Lifecycle;

namespace ConntrackConsole.Incidents.Report;

/// <summary>What a report is made of, wherever it is stored.</summary>
/// <param name="Terminations">Those with a deletion request in the window, in any order.</param>
/// <param name="Audit">Rows of flushes and settings; of an action that ended after the window, also the later ones.</param>
internal sealed record ReportFacts(FindingReport Findings, IReadOnlyList<Termination> Terminations, IReadOnlyList<Rollout> Rollouts, IReadOnlyList<AuditEntry> Audit)
{
    /// <summary>Some of the terminations or audit rows were left out, because the window has too many.</summary>
    public bool IsTruncated { get; init; }
}
