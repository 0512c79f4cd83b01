namespace ConntrackConsole.Kubernetes.Informer;

/// <summary>Registers the watch that keeps the state of the cluster current.</summary>
internal static class InformerServices
{
    public static IServiceCollection AddClusterInformer(this IServiceCollection services) => services.AddHostedService<ClusterInformer>();
}
