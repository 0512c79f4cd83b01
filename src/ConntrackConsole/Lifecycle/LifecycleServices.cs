namespace ConntrackConsole.Lifecycle;

/// <summary>Registers the terminations and rollouts.</summary>
internal static class LifecycleServices
{
    public static IServiceCollection AddLifecycle(this IServiceCollection services)
    {
        services.AddSingleton(new TerminationLog(new RolloutLog()));
        services.AddSingleton<LifecycleArchive>();
        return services.AddSingleton<TerminationArchive>();
    }
}
