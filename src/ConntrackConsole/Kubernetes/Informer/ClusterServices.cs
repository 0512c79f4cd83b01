using ConntrackConsole.Cluster.State;
using ConntrackConsole.Configuration;
using ConntrackConsole.Kubernetes.Client;
using ConntrackConsole.Lifecycle;
using ConntrackConsole.Ownership;
using Microsoft.Extensions.Options;

namespace ConntrackConsole.Kubernetes.Informer;

/// <summary>The connection to the cluster, its current state, and the watch that keeps it current.</summary>
internal static class ClusterServices
{
    /// <summary>Name of the health check behind /readyz.</summary>
    public const string ReadinessCheck = "cluster";

    public static IServiceCollection AddCluster(this IServiceCollection services)
    {
        services.AddSingleton(provider => ClusterAccess.Find(provider.GetRequiredService<IOptions<KubernetesOptions>>().Value));
        services.AddSingleton(new TerminationLog(new RolloutLog()));
        services.AddSingleton(new OwnershipHistory());
        services.AddSingleton<ClusterState>();
        services.AddHealthChecks().AddCheck<ClusterReadiness>(ReadinessCheck);
        return services.AddHostedService<ClusterInformer>();
    }
}
