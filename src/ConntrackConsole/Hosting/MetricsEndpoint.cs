using Prometheus;

namespace ConntrackConsole.Hosting;

/// <summary>
/// /metrics in Prometheus' text format. As the probes it needs no sign-in, because a scraper has none: so it has counts only, and never the
/// name or the address of a pod, Service or node.
/// </summary>
internal static class MetricsEndpoint
{
    /// <summary>Each component registers its own metrics in the one registry of this console.</summary>
    public static IServiceCollection AddMetricsRegistry(this IServiceCollection services) => services.AddSingleton(_ => Metrics.NewCustomRegistry());

    public static void MapMetricsEndpoint(this IEndpointRouteBuilder routes) =>
        routes.MapMetrics("/metrics", routes.ServiceProvider.GetRequiredService<CollectorRegistry>()).AllowAnonymous();
}
