using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace ConntrackConsole.Cluster.State;

/// <summary>Ready once the cluster has been listed, or if the console runs without one.</summary>
internal sealed class ClusterReadiness(ClusterState cluster) : IHealthCheck
{
    /// <summary>Name of the health check behind /readyz.</summary>
    public const string Name = "cluster";

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(cluster is { HasCluster: true, IsReady: false }
            ? HealthCheckResult.Unhealthy($"{ClusterCodes.NotListed}: {cluster.Problem ?? "the cluster has not been listed yet."}")
            : HealthCheckResult.Healthy());
}
