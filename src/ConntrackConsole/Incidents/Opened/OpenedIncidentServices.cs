using ConntrackConsole.Incidents.Files;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace ConntrackConsole.Incidents.Opened;

/// <summary>Makes a console one of an incident file.</summary>
internal static class OpenedIncidentServices
{
    /// <summary>
    /// Replaces what a console knows of its cluster by what the file has, and removes everything that runs by itself: the watch of the cluster, the
    /// writers, retention, reverts and webhooks. Call after all components are registered.
    /// </summary>
    public static void ShowIncident(this IServiceCollection services, OpenedIncident opened, IncidentReplay replay)
    {
        ArgumentNullException.ThrowIfNull(replay);
        foreach (var worker in services.Where(IsWorker).ToList())
            services.Remove(worker);
        services.AddSingleton(opened).AddSingleton(replay.Present)
            .Replace(ServiceDescriptor.Singleton(replay.History)).Replace(ServiceDescriptor.Singleton(replay.Terminations)).Replace(ServiceDescriptor.Singleton(replay.Cluster))
            .Replace(ServiceDescriptor.Singleton(_ => replay.Timeline(CancellationToken.None)));
    }

    // Those of this program: the server itself is a hosted service too.
    private static bool IsWorker(ServiceDescriptor service) => service is { IsKeyedService: false } && service.ServiceType == typeof(IHostedService)
        && (service.ImplementationType ?? service.ImplementationInstance?.GetType() ?? service.ImplementationFactory!.Method.DeclaringType)!.Assembly == typeof(OpenedIncident).Assembly;
}
