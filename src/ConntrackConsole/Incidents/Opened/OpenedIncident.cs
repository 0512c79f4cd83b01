using ConntrackConsole.Incidents.Files;

namespace ConntrackConsole.Incidents.Opened;

/// <summary>The incident file that this console shows. A console of a cluster has none.</summary>
/// <param name="Name">The name of the file.</param>
/// <param name="WrittenBy">The version of the console that wrote it.</param>
/// <param name="IncidentId">The id of its incident; null for a window that was exported by its times.</param>
internal sealed record OpenedIncident(string Name, long FromMs, long ToMs, string WrittenBy, string? IncidentId)
{
    public static OpenedIncident Of(string name, IncidentWindow incident)
    {
        ArgumentNullException.ThrowIfNull(incident);
        return new OpenedIncident(name, incident.FromMs, incident.ToMs, incident.Program, incident.Record?.Id);
    }

    /// <summary>Code of requests that would change something.</summary>
    public const string OffCode = IncidentFileCodes.Opened;

    /// <summary>Why nothing can be changed.</summary>
    public const string OffReason = "This console shows an incident file: nothing here is live, and nothing can be changed.";
}
