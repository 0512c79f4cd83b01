using ConntrackConsole.Components.Controls.Findings;
using ConntrackConsole.Findings;
using ConntrackConsole.Findings.Explanation;

namespace ConntrackConsole.Components.Controls.Timeline.Notes;

/// <summary>The findings of a window as bars of the timeline.</summary>
internal static class FindingSpans
{
    /// <summary>Maximum number of findings that are shown; the strongest ones.</summary>
    public const int Max = 100;

    /// <param name="isStored">As in <see cref="FindingSummarizer.Of"/>.</param>
    public static IReadOnlyList<ChartSpan> Of(FindingReport report, string? ns, string? service, bool isStored) =>
    [
        .. (from finding in report.Findings
            where finding.SinceMs is not null && FindingSummarizer.Matches(finding.Subject, ns, service)
            orderby finding.UntilMs is not null, finding.Finding.Confidence descending, finding.SinceMs descending
            select Of(finding, isStored ? (report.FromMs, report.ToMs) : null)).Take(Max),
    ];

    private static ChartSpan Of(ObservedFinding finding, (long, long)? window)
    {
        var mechanism = finding.Finding.Mechanism;
        string subject = finding.Subject.Service?.ToString() ?? finding.Subject.Address?.ToString() ?? finding.Subject.Backend.ToString();
        List<ChartMoment> moments =
        [
            new(finding.SinceMs, $"{subject}: {FindingText.Share(finding.Finding.Explains)}"),
            new(null, FindingText.Sentence(mechanism.Title)),
            .. finding.Pods.Take(3).Select(pod => new ChartMoment(null, pod)),
        ];
        if (finding.UntilMs is { } untilMs)
            moments.Add(new(untilMs, finding.EndedMs is null ? "the last one" : "its condition ended"));
        return new ChartSpan(
            finding.SinceMs!.Value, finding.UntilMs, $"{FindingText.Name(finding)}: {subject}", mechanism.IsWarning ? "warning" : "bad",
            FindingLink.Page(finding.Id, window), moments);
    }
}
