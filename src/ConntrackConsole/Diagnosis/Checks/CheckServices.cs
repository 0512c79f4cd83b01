namespace ConntrackConsole.Diagnosis.Checks;

/// <summary>The checks that always run.</summary>
internal static class CheckServices
{
    public static IServiceCollection AddChecks(this IServiceCollection services)
    {
        services.AddSingleton<CheckBoard>();
        return services.AddHostedService(provider => provider.GetRequiredService<CheckBoard>());
    }
}
