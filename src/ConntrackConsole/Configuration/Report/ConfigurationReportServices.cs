namespace ConntrackConsole.Configuration.Report;

/// <summary>Registers the report of the configuration.</summary>
internal static class ConfigurationReportServices
{
    public static IServiceCollection AddConfigurationReport(this IServiceCollection services) => services.AddSingleton<ConfigurationReporter>();
}
