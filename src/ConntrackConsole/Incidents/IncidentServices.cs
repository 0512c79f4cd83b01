namespace ConntrackConsole.Incidents;

/// <summary>Registers what writes incident files.</summary>
internal static class IncidentServices
{
    public static IServiceCollection AddIncidents(this IServiceCollection services) => services.AddSingleton<IncidentExporter>();
}
