using ConntrackConsole.Configuration;
using Microsoft.Extensions.Options;

namespace ConntrackConsole.Kubernetes.Client;

/// <summary>Registers the connection to the cluster.</summary>
internal static class ClientServices
{
    public static IServiceCollection AddClusterAccess(this IServiceCollection services) =>
        services.AddSingleton(provider => ClusterAccess.Find(provider.GetRequiredService<IOptions<KubernetesOptions>>().Value));
}
