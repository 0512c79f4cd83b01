using System.ComponentModel;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Incidents.Files;

/// <summary>Why an incident file is refused.</summary>
[ReasonCodes("Incident files")]
internal static class IncidentFileCodes
{
    [Description("The file is no incident file.")]
    public const string NotAnIncident = "incident.not_an_incident";

    [Description("The file was written by a newer version, in a form that this version does not know.")]
    public const string Newer = "incident.newer_version";

    [Description("The file ends before its content does.")]
    public const string Truncated = "incident.truncated";

    [Description("The file's checksum is wrong, or its content is not that of an incident.")]
    public const string Damaged = "incident.damaged";

    [Description("The file, or the window to be written, is larger than the limit.")]
    public const string TooLarge = "incident.too_large";

    [Description("Nothing of the window is stored.")]
    public const string Empty = "incident.empty_window";

    [Description("The console shows an incident file: nothing can be changed from it (409).")]
    public const string Opened = "incident.file_opened";

    [Description("The file cannot be written or read.")]
    public const string Unavailable = "incident.unavailable";
}

/// <summary>An incident file is refused.</summary>
internal sealed class IncidentFileException(string code, string message) : Exception(message)
{
    public string Code { get; } = code;
}
