using ConntrackConsole.Api.Query;
using ConntrackConsole.Incidents.Records;

namespace ConntrackConsole.Api.Incidents;

/// <summary>A page of incidents, newest first.</summary>
/// <param name="Continue">Pass it as ?continue= for the next page; null on the last page.</param>
internal sealed record IncidentList(IReadOnlyList<IncidentView> Incidents, string? Continue);

/// <summary>An incident as it is stored. Lists have neither notes nor events nor participants.</summary>
/// <param name="State">open or closed.</param>
/// <param name="To">Null while it lasts.</param>
/// <param name="Via">manual, finding or alertmanager.</param>
/// <param name="Source">The id of the finding, or the group key of the alerts.</param>
/// <param name="Pinned">Retention keeps its window.</param>
internal sealed record IncidentView(
    string Id, string Title, string State, string From, string? To, string OpenedAt, string OpenedBy, string Via, string? Source, string? Namespace, string? Service,
    string? ClosedAt, string? ClosedBy, bool Pinned, IReadOnlyList<IncidentNoteView> Notes, IReadOnlyList<IncidentEventView> Events, IReadOnlyList<string> Participants)
{
    public static IncidentView Of(Incident incident)
    {
        ArgumentNullException.ThrowIfNull(incident);
        return new IncidentView(
            incident.Id, incident.Title, incident.IsOpen ? "open" : "closed", ApiTime.Text(incident.FromMs), ApiTime.Text(incident.ToMs), ApiTime.Text(incident.OpenedMs), incident.OpenedBy,
            Name(incident.Via), incident.Source, incident.Namespace, incident.Service, ApiTime.Text(incident.ClosedMs), incident.ClosedBy, incident.IsPinned,
            [.. incident.Notes.Select(note => new IncidentNoteView(note.Number, [.. note.Versions.Select(version => new NoteVersionView(version.Author, ApiTime.Text(version.AtMs), version.Text))]))],
            [.. incident.Events.Select(pinned => new IncidentEventView(
                pinned.Id, Name(pinned.Kind), pinned.Reference, ApiTime.Text(pinned.AtMs), pinned.Text, pinned.PinnedBy, ApiTime.Text(pinned.PinnedMs)))],
            incident.Participants);
    }

    internal static string Name<T>(T value)
        where T : struct, Enum => value.ToString().ToLowerInvariant();
}

/// <param name="Versions">As it was written first, then each edit.</param>
internal sealed record IncidentNoteView(int Number, IReadOnlyList<NoteVersionView> Versions);

internal sealed record NoteVersionView(string Author, string At, string Text);

internal sealed record IncidentEventView(long Id, string Kind, string? Reference, string At, string Text, string PinnedBy, string PinnedAt);

/// <summary>What a message of Alertmanager did.</summary>
/// <param name="Opened">It opened the incident; false if it followed one.</param>
/// <param name="Incident">Null if alerts were resolved of which no incident is open.</param>
internal sealed record AlertAnswer(bool Opened, IncidentView? Incident);
