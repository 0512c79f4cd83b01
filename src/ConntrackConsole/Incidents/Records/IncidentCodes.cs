using System.ComponentModel;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Incidents.Records;

/// <summary>Why an incident is not opened or changed.</summary>
[ReasonCodes("Incidents")]
internal static class IncidentCodes
{
    [Description("There is no incident with this id, or it has no such note or pinned event (404).")]
    public const string NotFound = "incident.not_found";

    [Description("The role of the session cannot change incidents (403).")]
    public const string RoleCannotChange = "incident.role_cannot_change";

    [Description("The window of the incident is empty, before 1970, in the future or longer than 24 hours (400).")]
    public const string InvalidWindow = "incident.invalid_window";

    [Description("A text is missing or too long, or a value is not one of those that are allowed (400).")]
    public const string InvalidText = "incident.invalid_text";

    [Description("There is no such finding in the window (404).")]
    public const string NoSuchFinding = "incident.no_such_finding";

    [Description("The incident is already in the requested state (409).")]
    public const string Unchanged = "incident.unchanged";

    [Description("The incident is open: close it before its window expires like any other (409).")]
    public const string StillOpen = "incident.still_open";

    [Description("The console or the incident has as many incidents, notes, events or participants as it can have (409).")]
    public const string TooMany = "incident.too_many";

    [Description("The audit log cannot be written, so nothing was changed (503).")]
    public const string AuditUnavailable = "incident.audit_unavailable";

    [Description("The body is not a webhook message of Alertmanager, version 4 (400).")]
    public const string NotAnAlert = "incident.not_an_alert";
}
