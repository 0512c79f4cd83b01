using ConntrackConsole.Cluster.State;
using ConntrackConsole.Timeline;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace ConntrackConsole.Hosting;

/// <summary>
/// /healthz: the process responds. /readyz: the cluster, if configured, has been listed; with what the console's own work lacks, which is
/// no reason to send its users elsewhere.
/// </summary>
internal static class Health
{
    public static void MapHealth(this IEndpointRouteBuilder routes)
    {
        Map(routes, "/healthz", _ => false);
        Map(routes, "/readyz", check => check.Name is ClusterReadiness.Name or HistoryHealth.Name);
    }

    private static void Map(IEndpointRouteBuilder routes, string path, Func<HealthCheckRegistration, bool> checks) =>
        routes.MapHealthChecks(path, new HealthCheckOptions { Predicate = checks, ResponseWriter = WriteAsync })
            .WithMetadata(new HttpMethodMetadata([HttpMethods.Get])).AllowAnonymous();

    private static Task WriteAsync(HttpContext context, HealthReport report)
    {
        context.Response.ContentType = "text/plain; charset=utf-8";
        return context.Response.WriteAsync(Text(report));
    }

    /// <summary>Every reason on a line of its own, the worst first; "ok" alone if all is healthy.</summary>
    internal static string Text(HealthReport report)
    {
        var reasons = report.Entries.Values.Where(entry => entry.Status != HealthStatus.Healthy).OrderBy(entry => entry.Status).Select(entry => entry.Description ?? $"{entry.Status}").ToList();
        return reasons.Count > 0 ? string.Join('\n', reasons) : "ok";
    }
}
