using ConntrackConsole.Findings;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Incidents.Records;

/// <summary>A request to open an incident.</summary>
/// <param name="Title">In a few words.</param>
/// <param name="FromMs">Start of its window.</param>
/// <param name="ToMs">Null if it still lasts.</param>
public sealed record IncidentRequest(string Title, long FromMs, long? ToMs)
{
    // What led to a finding, and how its clients came back, is around it.
    private const long FindingMarginMs = 300_000;

    /// <summary>How it is opened.</summary>
    public OpenedVia Via { get; init; } = OpenedVia.Manual;

    /// <summary>The id of the finding, or the group key of the alerts, that opens it.</summary>
    public string? Source { get; init; }

    /// <summary>An open incident of the same source is returned instead of a second one; null if it has no source.</summary>
    public string? SourceKey { get; init; }

    /// <summary>Only what happened in this namespace; null for all.</summary>
    public string? Namespace { get; init; }

    /// <summary>Only what concerns this Service of <see cref="Namespace"/>; null for all.</summary>
    public string? Service { get; init; }

    /// <summary>The window of a finding, with its Service.</summary>
    /// <param name="atMs">When it is found; for a finding that lasts longer than a window, the window ends then.</param>
    internal static IncidentRequest Of(ObservedFinding finding, long atMs)
    {
        ArgumentNullException.ThrowIfNull(finding);
        long? untilMs = finding.UntilMs is { } until && atMs - until > FindingMarginMs ? until + FindingMarginMs : null;
        long sinceMs = Math.Max(0, (finding.SinceMs ?? finding.UntilMs ?? atMs) - FindingMarginMs);
        return new IncidentRequest(
            TextSummary.Truncate($"{finding.Finding.Mechanism.Id}: {finding.Finding.Mechanism.Title}, {finding.Subject}", IncidentService.MaxTitle - 1),
            Math.Max(sinceMs, (untilMs ?? atMs) - Incident.MaxWindowMs + FindingMarginMs), untilMs)
        {
            Via = OpenedVia.Finding, Source = finding.Id, SourceKey = finding.Id, Namespace = finding.Subject.Service?.Namespace, Service = finding.Subject.Service?.Name,
        };
    }
}
