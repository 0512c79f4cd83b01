using ConntrackConsole.Kubernetes.Informer;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace ConntrackConsole.Hosting;

/// <summary>/healthz: the process responds. /readyz: the cluster, if configured, has been listed.</summary>
internal static class Health
{
    public static void MapHealth(this IEndpointRouteBuilder routes)
    {
        Map(routes, "/healthz", _ => false);
        Map(routes, "/readyz", check => check.Name == ClusterServices.ReadinessCheck);
    }

    private static void Map(IEndpointRouteBuilder routes, string path, Func<HealthCheckRegistration, bool> checks) =>
        routes.MapHealthChecks(path, new HealthCheckOptions { Predicate = checks, ResponseWriter = WriteAsync })
            .WithMetadata(new HttpMethodMetadata([HttpMethods.Get])).AllowAnonymous();

    private static Task WriteAsync(HttpContext context, HealthReport report)
    {
        context.Response.ContentType = "text/plain; charset=utf-8";
        return context.Response.WriteAsync(report.Entries.Values.FirstOrDefault(entry => entry.Status != HealthStatus.Healthy).Description ?? "ok");
    }
}
