using ConntrackConsole.Findings;
using ConntrackConsole.Incidents.Records;

namespace ConntrackConsole.Incidents.Report;

/// <summary>What an event of a report is.</summary>
public enum ReportEventKind
{
    /// <summary>The incident was opened.</summary>
    Opened,
    /// <summary>The incident was closed.</summary>
    Closed,
    /// <summary>A finding begins.</summary>
    Finding,
    /// <summary>The last of what a finding explains.</summary>
    FindingEnded,
    /// <summary>A rollout starts.</summary>
    Rollout,
    /// <summary>The deletion of a pod is requested.</summary>
    Termination,
    /// <summary>A flush or a setting is executed, or reverted.</summary>
    Action,
    /// <summary>Someone wrote a note.</summary>
    Note,
    /// <summary>An event that someone pinned.</summary>
    Pinned,
}

/// <summary>One line of what happened.</summary>
/// <param name="AtMs">When; at the start of the window if it began before.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Title">What, in a few words.</param>
/// <param name="Text">More of it; empty if the title has all. A note may have several lines.</param>
public sealed record ReportEvent(long AtMs, ReportEventKind Kind, string Title, string Text)
{
    /// <summary>The person who did or wrote it; null if none did.</summary>
    public string? Who { get; init; }

    /// <summary>The id of the finding, the uid of the pod, the id of the action, the number of the note, the kind of the pinned event.</summary>
    public string? Reference { get; init; }

    /// <summary>It began before the window.</summary>
    public bool IsEarlier { get; init; }
}

/// <summary>An incident with what happened in its window, in written form.</summary>
/// <param name="FromMs">Its window, as it is now.</param>
/// <param name="Findings">Why connections broke; of the incident's Service, if it has one.</param>
/// <param name="Events">Oldest first.</param>
internal sealed record IncidentReport(Incident Incident, long FromMs, long ToMs, FindingReport Findings, IReadOnlyList<ReportEvent> Events)
{
    /// <summary>Who wrote about it, and who acted in its window.</summary>
    public IReadOnlyList<string> Participants { get; init; } = [];

    /// <summary>Findings of other Services in the same window.</summary>
    public int OtherFindings { get; init; }

    /// <summary>What is not in the report, or not known, each as a sentence.</summary>
    public IReadOnlyList<string> Missing { get; init; } = [];

    /// <summary>The names that its texts can contain, by kind.</summary>
    public ReportNames Names { get; init; } = new();

    public string Subject => Incident.Service is { } service ? $"{Incident.Namespace}/{service}" : Incident.Namespace is { } ns ? $"namespace {ns}" : "the whole cluster";
}
