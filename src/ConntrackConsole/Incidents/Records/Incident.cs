namespace ConntrackConsole.Incidents.Records;

/// <summary>How an incident was opened.</summary>
public enum OpenedVia
{
    /// <summary>By a person, from a window.</summary>
    Manual,
    /// <summary>By a person, from a finding.</summary>
    Finding,
    /// <summary>By a message of Alertmanager.</summary>
    Alertmanager,
}

/// <summary>What a pinned event is.</summary>
public enum PinnedKind
{
    /// <summary>A finding, by its id.</summary>
    Finding,
    /// <summary>A pod that terminated, by its uid.</summary>
    Termination,
    /// <summary>A flush or a setting, by its id.</summary>
    Action,
    /// <summary>Resets at a moment.</summary>
    Resets,
    /// <summary>Anything else that someone wrote down.</summary>
    Other,
}

/// <summary>An incident as it is stored: its window, and what people wrote about it.</summary>
/// <param name="ToMs">Null while it lasts.</param>
internal sealed record Incident(string Id, string Title, long FromMs, long? ToMs, long OpenedMs, string OpenedBy, OpenedVia Via)
{
    /// <summary>Maximum length of a window, as of an incident file.</summary>
    public const long MaxWindowMs = 24 * 3_600_000;

    /// <summary>The id of the finding, or the group key of the alerts, that opened it.</summary>
    public string? Source { get; init; }

    public string? Namespace { get; init; }

    public string? Service { get; init; }

    public long? ClosedMs { get; init; }

    public string? ClosedBy { get; init; }

    /// <summary>Retention keeps its window.</summary>
    public bool IsPinned { get; init; }

    /// <summary>In the order in which they were first written. Empty in lists.</summary>
    public IReadOnlyList<IncidentNote> Notes { get; init; } = [];

    /// <summary>Oldest first. Empty in lists.</summary>
    public IReadOnlyList<PinnedEvent> Events { get; init; } = [];

    /// <summary>In alphabetical order. Empty in lists.</summary>
    public IReadOnlyList<string> Participants { get; init; } = [];

    public bool IsOpen => ClosedMs is null;

    /// <summary>The end of its window: while it lasts the present, at most the maximum length after its start.</summary>
    public long EndMs(long nowMs) => ToMs ?? Math.Clamp(nowMs, FromMs + 1, FromMs + MaxWindowMs);
}

/// <summary>A note with all its versions.</summary>
/// <param name="Number">Within its incident, from 1.</param>
/// <param name="Versions">As it was written first, then each edit.</param>
public sealed record IncidentNote(int Number, IReadOnlyList<NoteVersion> Versions)
{
    /// <summary>As it was written.</summary>
    public NoteVersion First => Versions[0];

    /// <summary>As it is now.</summary>
    public NoteVersion Latest => Versions[^1];
}

/// <summary>One version of a note.</summary>
/// <param name="AtMs">When it was written.</param>
/// <param name="Author">Who wrote it.</param>
/// <param name="Text">Plain text; it may have several lines.</param>
public sealed record NoteVersion(long AtMs, string Author, string Text);

/// <summary>An event that someone pinned.</summary>
/// <param name="Reference">The id of the finding, pod or action; null if it has none.</param>
/// <param name="AtMs">When it happened.</param>
internal sealed record PinnedEvent(long Id, PinnedKind Kind, string? Reference, long AtMs, string Text, string PinnedBy, long PinnedMs);
