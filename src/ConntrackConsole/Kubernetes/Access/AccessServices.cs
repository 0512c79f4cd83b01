using ConntrackConsole.Kubernetes.Client;

namespace ConntrackConsole.Kubernetes.Access;

/// <summary>Registers the connection to the cluster, and the questions about tokens and rights.</summary>
internal static class AccessServices
{
    public static IServiceCollection AddKubernetesAccess(this IServiceCollection services) => services.AddClusterAccess().AddSingleton<AccessReviews>();
}
