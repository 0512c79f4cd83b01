namespace ConntrackConsole.Cluster.State;

/// <summary>Registers the current state of the cluster, and whether it is ready.</summary>
internal static class ClusterStateServices
{
    public static IServiceCollection AddClusterState(this IServiceCollection services)
    {
        services.AddSingleton<ClusterState>();
        services.AddHealthChecks().AddCheck<ClusterReadiness>(ClusterReadiness.Name);
        return services;
    }
}
