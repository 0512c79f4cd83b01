namespace ConntrackConsole.Rollouts;

/// <summary>Registers the reports of rollouts.</summary>
internal static class RolloutServices
{
    public static IServiceCollection AddRollouts(this IServiceCollection services)
    {
        services.AddSingleton<RolloutArchive>();
        services.AddSingleton<RolloutReportStore>();
        services.AddSingleton<RolloutReporter>();
        services.AddSingleton<RolloutListReader>();
        services.AddSingleton<RolloutRecorder>();
        return services.AddHostedService(provider => provider.GetRequiredService<RolloutRecorder>());
    }
}
