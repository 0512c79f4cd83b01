namespace ConntrackConsole.Checks;

/// <summary>Registers the checks.</summary>
internal static class CheckServices
{
    public static IServiceCollection AddChecks(this IServiceCollection services)
    {
        services.AddSingleton<CheckScheduler>();
        return services.AddHostedService(provider => provider.GetRequiredService<CheckScheduler>());
    }
}
