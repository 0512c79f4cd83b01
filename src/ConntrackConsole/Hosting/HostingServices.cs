using ConntrackConsole.Configuration.Report;

namespace ConntrackConsole.Hosting;

/// <summary>Registers what accompanies the console from its start to its end.</summary>
internal static class HostingServices
{
    /// <summary>Call after the audit log and before every service that acts.</summary>
    public static IServiceCollection AddLifecycleAudit(this IServiceCollection services) => services.AddHostedService<LifecycleAudit>();

    public static IServiceCollection AddUpkeep(this IServiceCollection services) => services.AddMetricsRegistry().AddConfigurationReport().AddHostedService<MemoryUpkeep>();
}
