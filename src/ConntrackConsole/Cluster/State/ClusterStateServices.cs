namespace ConntrackConsole.Cluster.State;

/// <summary>Registers the current state of the cluster, and whether it is ready.</summary>
internal static class ClusterStateServices
{
    /// <summary>Call after ownership and the lifecycle are registered: the state restores what those have loaded.</summary>
    public static IServiceCollection AddClusterState(this IServiceCollection services)
    {
        services.AddSingleton<ClusterState>();
        services.AddHealthChecks().AddCheck<ClusterReadiness>(ClusterReadiness.Name);
        return services.AddHostedService<ClusterArchive>();
    }
}
