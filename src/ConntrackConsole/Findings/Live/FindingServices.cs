namespace ConntrackConsole.Findings.Live;

/// <summary>Registers the diagnosis of the console.</summary>
internal static class FindingServices
{
    public static IServiceCollection AddFindings(this IServiceCollection services)
    {
        services.AddSingleton<FindingLog>();
        services.AddSingleton<FindingAudit>();
        services.AddSingleton<FindingMetrics>();
        services.AddSingleton<FindingMonitor>();
        return services.AddHostedService(provider => provider.GetRequiredService<FindingMonitor>());
    }
}
