using ConntrackConsole.Components.Text;
using ConntrackConsole.Diagnosis.Findings;
using ConntrackConsole.Findings;
using ConntrackConsole.Findings.Explanation;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Components.Controls.Findings;

/// <summary>Makes the cards of a report: one for each mechanism and Service, whatever the number of its pods.</summary>
internal static class FindingSummarizer
{
    private const int MaxEvidence = 2;
    private const int MaxNames = 3;
    private const int MaxWarnings = 5;

    /// <param name="isStored">The report is of a window that is over, and so are the links to the pages of its findings.</param>
    public static FindingSummary Of(FindingReport report, string? ns, string? service, bool isStored = false)
    {
        (long, long)? window = isStored ? (report.FromMs, report.ToMs) : null;
        // Something that breaks now comes first, then what is surer.
        var cards =
            from finding in report.Findings
            where Matches(finding.Subject, ns, service)
            group finding by (finding.Code, finding.Subject.Service, Address: finding.Subject.Service is null ? finding.Subject.Address : null) into same
            let findings = same.OrderByDescending(finding => finding.Finding.Explains.Count).ToList()
            let card = Card(findings, window)
            orderby card.EndedMs is not null, findings[0].Finding.Confidence descending, card.SinceMs descending
            select card;
        var missing = report.Insufficient.Where(missing => missing.Subject is not { } subject || Matches(subject, ns, service))
            .OrderBy(missing => missing.Mechanisms.Length == 0).DistinctBy(missing => (missing.Mechanisms, missing.Missing)).ToList();
        return new FindingSummary([.. cards], [.. report.Warnings.Take(MaxWarnings).Select(warning => new WarningLine(Warning(warning), FindingLink.Page(warning.Id, window)))], missing.Count == 0 ? null : Missing(missing));
    }

    /// <summary>Whether it is of the namespace and the Service that the page shows.</summary>
    public static bool Matches(FindingSubject subject, string? ns, string? service) =>
        (ns is null || subject.Service?.Namespace == ns) && (service is null || subject.Service?.Name == service);

    private static FindingCard Card(List<ObservedFinding> findings, (long, long)? window)
    {
        var (first, mechanism) = (findings[0], findings[0].Finding.Mechanism);
        bool lasts = findings.Exists(finding => finding.EndedMs is null);
        return new FindingCard(
            first.Id, mechanism.Code, FindingText.Name(first), FindingText.Sentence(mechanism.Title),
            first.Subject.Service?.ToString() ?? first.Subject.Address?.ToString() ?? first.Subject.Backend.ToString(), Pods(findings),
            findings.Min(finding => finding.SinceMs), lasts ? null : findings.Max(finding => finding.EndedMs), Share(findings), Clients(findings),
            [.. first.Finding.Evidence.DistinctBy(item => item.Class).Take(MaxEvidence).Select(item => FindingText.Sentence(item.Sentence))], Sure(findings), first.Finding.RefutedBy,
            lasts ? Flushes(findings) : [], first.Finding.Helps,
            [.. first.Finding.Harmful.Select(FindingText.Harmful)],
            FindingLink.Page(first.Id, window));
    }

    private static string Pods(List<ObservedFinding> findings) => TextSummary.List(
        [.. findings.SelectMany(finding => finding.Pods.Count > 0 ? finding.Pods : finding.Subject.Backend.IsNone ? [] : [finding.Subject.Backend.ToString()]).Distinct(StringComparer.Ordinal)], MaxNames);

    private static string Share(List<ObservedFinding> findings)
    {
        int count = findings.Sum(finding => finding.Finding.Explains.Count), whole = findings.Sum(finding => finding.Finding.Explains.Whole);
        return FindingText.Share(findings[0].Finding.Explains.Unit, count, whole);
    }

    private static string Clients(List<ObservedFinding> findings)
    {
        var clients = findings.SelectMany(finding => finding.Clients).DistinctBy(client => client.Address).ToList();
        if (clients.Count > 0)
            return $"{DisplayText.Count(clients.Count, "client")}: {TextSummary.List(clients.ConvertAll(client => client.Pod ?? client.Address.ToString()), MaxNames)}";
        return findings[0].Finding.Explains.Unit == ExplainedUnit.HangingFlows
            ? $"clients on {TextSummary.List([.. findings.SelectMany(finding => finding.Nodes).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)], MaxNames)}; nodes count the connections, not their clients" : "";
    }

    private static List<FlushTarget> Flushes(List<ObservedFinding> findings) =>
        [.. findings.Where(finding => finding.EndedMs is null).SelectMany(finding => finding.Finding.Remedies.Select(remedy => FlushTarget.Of(remedy, finding.Subject))).OfType<FlushTarget>().Distinct()];

    private static string Sure(List<ObservedFinding> findings) => FindingText.Sure(findings.Find(finding => finding.Finding.Gaps.Count > 0)?.Finding is { } gapped
        ? findings[0].Finding with { Gaps = gapped.Gaps } : findings[0].Finding);

    private static string Warning(ObservedFinding warning) =>
        $"{FindingText.Sentence(warning.Finding.Mechanism.Title)} ({string.Join(", ", warning.Nodes)}): {string.Join("; ", warning.Finding.Evidence.Select(item => item.Sentence))}.";

    private static string Missing(List<InsufficientEvidence> missing)
    {
        var first = missing[0];
        string name = first.Mechanisms.Length > 0 ? $"Insufficient evidence for {first.Mechanisms}" : "Insufficient evidence";
        string subject = first.Subject is { } about ? $" ({about})" : "", more = missing.Count > 1 ? $", and {missing.Count - 1} more" : "";
        return $"{name}: missing {first.Missing}{subject}{more}.";
    }
}
