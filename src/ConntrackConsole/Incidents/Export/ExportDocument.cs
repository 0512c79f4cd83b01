using ConntrackConsole.Findings;
using ConntrackConsole.Incidents.Records;
using ConntrackConsole.Incidents.Report;

namespace ConntrackConsole.Incidents.Export;

/// <summary>Everything that an export of an incident has, as texts and numbers, so that one place can replace all names.</summary>
internal sealed record ExportDocument(
    string Id, string Title, string State, string Subject, long FromMs, long ToMs, bool IsOver, string? Opened, long OpenedMs, string? ClosedBy, long? ClosedMs,
    IReadOnlyList<string> Participants, IReadOnlyList<ExportFinding> Findings, IReadOnlyList<ExportEvent> Events, IReadOnlyList<ExportNote> Notes, IReadOnlyList<string> Missing)
{
    /// <summary>Version of the JSON form.</summary>
    public const int Version = 1;

    /// <summary>Null if it could not be read.</summary>
    public ExportTimeline? Timeline { get; init; }

    /// <summary>Names and addresses are replaced.</summary>
    public bool IsRedacted { get; init; }

    public static ExportDocument Of(IncidentReport report, ExportTimeline? timeline)
    {
        ArgumentNullException.ThrowIfNull(report);
        var incident = report.Incident;
        var missing = report.Missing.ToList();
        if (report.OtherFindings > 0)
            missing.Add($"Findings of other Services in the same window, not listed here: {report.OtherFindings.ToString(System.Globalization.CultureInfo.InvariantCulture)}.");
        if (timeline is null)
            missing.Add("The timeline could not be read.");
        return new ExportDocument(
            incident.Id, incident.Title, incident.OpenedBy.Length == 0 ? "from a file" : incident.IsOpen ? "open" : "closed", report.Subject, report.FromMs, report.ToMs, incident.ToMs is not null,
            incident.OpenedBy.Length == 0 ? null : $"{incident.Via switch { OpenedVia.Finding => "from a finding", OpenedVia.Alertmanager => "by Alertmanager", _ => "by hand" }}, by {incident.OpenedBy}", incident.OpenedMs,
            incident.ClosedBy, incident.ClosedMs, report.Participants, [.. report.Findings.Findings.Select(ExportFinding.Of)],
            [.. report.Events.Select(happened => new ExportEvent(happened.AtMs, Name(happened.Kind), happened.Title, happened.Text, happened.Who, happened.Reference, happened.IsEarlier))],
            [.. incident.Notes.Select(note => new ExportNote(note.Number, [.. note.Versions.Select(version => new ExportVersion(version.AtMs, version.Author, version.Text))]))], missing) { Timeline = timeline };
    }

    /// <summary>The same with every text replaced.</summary>
    public ExportDocument Map(Func<string, string> text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return this with
        {
            Title = text(Title), Subject = text(Subject), Opened = Optional(Opened), ClosedBy = Optional(ClosedBy), Participants = [.. Participants.Select(text)], Missing = [.. Missing.Select(text)],
            Findings = [.. Findings.Select(finding => finding.Map(text))],
            // Uids and ids of findings are made from names.
            Events = [.. Events.Select(one => one with { Title = text(one.Title), Text = text(one.Text), Who = Optional(one.Who), Reference = null })],
            Notes = [.. Notes.Select(note => note with { Versions = [.. note.Versions.Select(version => version with { Author = text(version.Author), Text = text(version.Text) })] })],
            Timeline = Timeline is { } timeline
                ? timeline with { Pods = [.. timeline.Pods.Select(pod => pod with { Name = text(pod.Name) })], Gaps = [.. timeline.Gaps.Select(gap => gap with { Name = text(gap.Name) })] }
                : null,
            IsRedacted = true,
        };

        string? Optional(string? value) => value is null ? null : text(value);
    }

    private static string Name(ReportEventKind kind) => kind == ReportEventKind.FindingEnded ? "finding ended" : kind.ToString().ToLowerInvariant();
}

/// <param name="SinceMs">Null if only its end is known.</param>
internal sealed record ExportFinding(
    string? Id, string Mechanism, string Code, string Title, string Subject, long? SinceMs, long? UntilMs, string Explains, string Confidence, string Helps, string RefutedBy,
    IReadOnlyList<string> Pods, IReadOnlyList<string> Nodes, IReadOnlyList<string> Evidence)
{
    public static ExportFinding Of(ObservedFinding observed)
    {
        ArgumentNullException.ThrowIfNull(observed);
        var (finding, mechanism) = (observed.Finding, observed.Finding.Mechanism);
        return new ExportFinding(
            observed.Id, mechanism.Kind.Length == 0 ? mechanism.Id : $"{mechanism.Id}, {mechanism.Kind}", mechanism.Code, mechanism.Title, observed.Subject.ToString(), observed.SinceMs, observed.UntilMs,
            finding.Explains.Text, finding.Confidence.ToString().ToLowerInvariant(), finding.Helps, finding.RefutedBy, observed.Pods, observed.Nodes, [.. finding.Evidence.Select(item => item.Sentence)]);
    }

    public ExportFinding Map(Func<string, string> text) => this with
    {
        Id = null, Subject = text(Subject), Explains = text(Explains), Helps = text(Helps), RefutedBy = text(RefutedBy), Pods = [.. Pods.Select(text)], Nodes = [.. Nodes.Select(text)], Evidence = [.. Evidence.Select(text)],
    };
}

internal sealed record ExportEvent(long AtMs, string Kind, string Title, string Text, string? Who, string? Reference, bool IsEarlier);

internal sealed record ExportNote(int Number, IReadOnlyList<ExportVersion> Versions);

internal sealed record ExportVersion(long AtMs, string Author, string Text);

/// <summary>The lanes of the window, a number for each column; -1 is unknown.</summary>
internal sealed record ExportTimeline(long FromMs, long StepMs, IReadOnlyList<int> Entries, IReadOnlyList<int> Stale, IReadOnlyList<int> Resets, IReadOnlyList<ExportSpan> Pods, IReadOnlyList<ExportSpan> Gaps)
{
    /// <summary>For forms that draw none.</summary>
    public static readonly ExportTimeline None = new(0, 1, [], [], [], [], []);

    public long ToMs => FromMs + (StepMs * Entries.Count);
}

/// <summary>A pod that terminates, from its deletion request until nothing was left to happen; or a gap in the data.</summary>
internal sealed record ExportSpan(string Name, long FromMs, long ToMs);
