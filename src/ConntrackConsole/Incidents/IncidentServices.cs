using ConntrackConsole.Incidents.Export;
using ConntrackConsole.Incidents.Files;
using ConntrackConsole.Incidents.Records;
using ConntrackConsole.Incidents.Report;

namespace ConntrackConsole.Incidents;

/// <summary>Registers incidents and their files.</summary>
internal static class IncidentServices
{
    public static IServiceCollection AddIncidents(this IServiceCollection services) => services
        .AddSingleton<IncidentWindowReader>()
        .AddSingleton<IncidentStore>()
        .AddSingleton<IncidentService>()
        .AddSingleton<AlertmanagerIntake>()
        .AddSingleton<IncidentReportReader>()
        .AddSingleton<IncidentExporter>();
}
