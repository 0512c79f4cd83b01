using System.Text.Json;
using System.Text.Json.Serialization;

namespace ConntrackConsole.Incidents.Export;

/// <summary>An incident as JSON.</summary>
/// <param name="Version">Of this form.</param>
/// <param name="To">The end of the window; of an incident that lasts, the time of the export.</param>
internal sealed record JsonExport(
    int Version, string Id, string Title, string State, string About, string From, string To, bool Lasts, string? Opened, string? OpenedAt, string? ClosedBy, string? ClosedAt, bool Redacted,
    IReadOnlyList<string> Participants, IReadOnlyList<JsonFinding> Findings, IReadOnlyList<JsonEvent> Timeline, IReadOnlyList<JsonNote> Notes, IReadOnlyList<string> NotKnown)
{
    public static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web) { WriteIndented = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    public static JsonExport Of(ExportDocument incident)
    {
        ArgumentNullException.ThrowIfNull(incident);
        return new JsonExport(
            ExportDocument.Version, incident.Id, incident.Title, incident.State, incident.Subject, ExportText.Time(incident.FromMs), ExportText.Time(incident.ToMs), !incident.IsOver,
            incident.Opened, incident.Opened is null ? null : ExportText.Time(incident.OpenedMs), incident.ClosedBy, ExportText.Time(incident.ClosedMs), incident.IsRedacted, incident.Participants,
            [.. incident.Findings.Select(finding => new JsonFinding(
                finding.Id, finding.Mechanism, finding.Code, finding.Title, finding.Subject, ExportText.Time(finding.SinceMs), ExportText.Time(finding.UntilMs), finding.Explains, finding.Confidence,
                finding.Helps, finding.RefutedBy, finding.Pods, finding.Nodes, finding.Evidence))],
            [.. incident.Events.Select(one => new JsonEvent(ExportText.Time(one.AtMs), one.Kind, one.Title, one.Text, one.Who, one.Reference))],
            [.. incident.Notes.Select(note => new JsonNote(note.Number, [.. note.Versions.Select(version => new JsonVersion(ExportText.Time(version.AtMs), version.Author, version.Text))]))], incident.Missing);
    }
}

internal sealed record JsonFinding(
    string? Id, string Mechanism, string Code, string Title, string Subject, string? Since, string? Until, string Explains, string Confidence, string Helps, string RefutedBy,
    IReadOnlyList<string> Pods, IReadOnlyList<string> Nodes, IReadOnlyList<string> Evidence);

internal sealed record JsonEvent(string At, string Kind, string Title, string Text, string? Who, string? Reference);

internal sealed record JsonNote(int Number, IReadOnlyList<JsonVersion> Versions);

internal sealed record JsonVersion(string At, string Author, string Text);
