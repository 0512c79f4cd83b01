using System.Text.RegularExpressions;
using ConntrackConsole.Incidents.Records;

namespace ConntrackConsole.Incidents.Files;

/// <summary>What people wrote about an incident, in its file: its notes with their versions, pinned events and participants. Its window is that of the file.</summary>
internal sealed partial record IncidentRecordRow
{
    // A text that the console has cut has a mark beyond its maximum.
    private const int MaxLine = IncidentService.MaxText + 1;

    public required string Id { get; init; }

    public required string Title { get; init; }

    public required string OpenedBy { get; init; }

    public required string Via { get; init; }

    public long OpenedMs { get; init; }

    public string? Source { get; init; }

    public string? Namespace { get; init; }

    public string? Service { get; init; }

    /// <summary>Null if the incident lasted when the file was written.</summary>
    public long? ClosedMs { get; init; }

    public string? ClosedBy { get; init; }

    public IReadOnlyList<NoteRow> Notes { get; init; } = [];

    public IReadOnlyList<PinnedRow> Events { get; init; } = [];

    public IReadOnlyList<string> Participants { get; init; } = [];

    /// <summary>A note with its versions, oldest first.</summary>
    internal sealed record NoteRow(int Number, IReadOnlyList<VersionRow> Versions);

    /// <summary>One version of a note.</summary>
    internal sealed record VersionRow(long AtMs, string Author, string Text);

    /// <summary>An event that someone pinned.</summary>
    internal sealed record PinnedRow(string Kind, string? Reference, long AtMs, string Text, string PinnedBy, long PinnedMs);

    public static IncidentRecordRow Of(Incident incident)
    {
        ArgumentNullException.ThrowIfNull(incident);
        return new IncidentRecordRow
        {
            Id = incident.Id, Title = incident.Title, OpenedBy = incident.OpenedBy, Via = incident.Via.ToString(), OpenedMs = incident.OpenedMs,
            Source = incident.Source, Namespace = incident.Namespace, Service = incident.Service, ClosedMs = incident.ClosedMs, ClosedBy = incident.ClosedBy,
            Notes = [.. incident.Notes.Select(note => new NoteRow(note.Number, [.. note.Versions.Select(version => new VersionRow(version.AtMs, version.Author, version.Text))]))],
            Events = [.. incident.Events.Select(pinned => new PinnedRow(pinned.Kind.ToString(), pinned.Reference, pinned.AtMs, pinned.Text, pinned.PinnedBy, pinned.PinnedMs))],
            Participants = incident.Participants,
        };
    }

    /// <summary>The incident, with the window of its file.</summary>
    /// <exception cref="IncidentFileException">It is impossible: no console wrote it.</exception>
    public Incident ToIncident(long fromMs, long toMs)
    {
        // A list may have null where an object belongs, which its type does not say.
        object?[] parts = [.. Notes, .. Events, .. Participants, .. Notes.SelectMany(note => note?.Versions ?? []).SelectMany(version => (object?[])[version, version?.Author, version?.Text])];
        if (parts.Contains(null) || Notes.Any(note => note.Versions is not { Count: > 0 }) || Notes.DistinctBy(note => note.Number).Count() != Notes.Count)
            throw IncidentFile.Damaged("its notes are not complete");
        var versions = Notes.SelectMany(note => note.Versions).ToList();
        if (versions.Count > IncidentService.MaxVersions || Events.Count > IncidentService.MaxEvents
            || Participants.Count > IncidentService.MaxParticipants + IncidentService.MaxVersions + IncidentService.MaxEvents
            || IsLong(IncidentService.MaxTitle, Title) || IsLong(IncidentService.MaxNote, [.. versions.Select(version => version.Text)])
            || IsLong(MaxLine, [.. Events.Select(pinned => pinned.Text), Source, .. Events.Select(pinned => pinned.Reference)])
            || IsLong(MaxLine, [OpenedBy, ClosedBy, Namespace, Service, .. Participants, .. versions.Select(version => version.Author), .. Events.Select(pinned => pinned.PinnedBy)]))
            throw IncidentFile.Damaged("what people wrote is longer than a console takes");
        if (!IdPattern().IsMatch(Id) || !IsKind<OpenedVia>(Via) || !Events.All(pinned => IsKind<PinnedKind>(pinned.Kind)))
            throw IncidentFile.Damaged("what people wrote has an unknown kind");
        if (!((long[])[OpenedMs, ClosedMs ?? 0, .. versions.Select(version => version.AtMs), .. Events.SelectMany(pinned => (long[])[pinned.AtMs, pinned.PinnedMs])]).All(IsTime))
            throw IncidentFile.Damaged("what people wrote has an impossible time");
        return new Incident(Id, PlainText.Of(Title), fromMs, toMs, OpenedMs, PlainText.Of(OpenedBy), Enum.Parse<OpenedVia>(Via))
        {
            Source = Plain(Source), Namespace = Plain(Namespace), Service = Plain(Service), ClosedMs = ClosedMs, ClosedBy = Plain(ClosedBy),
            Notes = [.. Notes.OrderBy(note => note.Number).Select(note => new IncidentNote(note.Number, [.. note.Versions.Select(version => new NoteVersion(version.AtMs, PlainText.Of(version.Author), PlainText.Of(version.Text, keepLines: true)))]))],
            Events = [.. Events.OrderBy(pinned => pinned.AtMs).Select((pinned, i) => new PinnedEvent(i + 1, Enum.Parse<PinnedKind>(pinned.Kind), Plain(pinned.Reference), pinned.AtMs, PlainText.Of(pinned.Text), PlainText.Of(pinned.PinnedBy), pinned.PinnedMs))],
            Participants = [.. Participants.Select(name => PlainText.Of(name)).Where(name => name.Length > 0).Distinct(StringComparer.OrdinalIgnoreCase)],
        };
    }

    private static bool IsLong(int max, params string?[] texts) => texts.Any(text => text?.Length > max);

    // By name: a number would pass Enum.TryParse.
    private static bool IsKind<T>(string name)
        where T : struct, Enum => Enum.GetNames<T>().Contains(name);

    private static bool IsTime(long ms) => ms >= 0 && ms <= DateTimeOffset.MaxValue.ToUnixTimeMilliseconds();

    private static string? Plain(string? text) => text is null ? null : PlainText.Of(text);

    [GeneratedRegex(@"\A[A-Za-z0-9-]{1,100}\z")]
    private static partial Regex IdPattern();
}
