using ConntrackConsole.Actions.Outcome;
using ConntrackConsole.Actions.Workflow;
using ConntrackConsole.Configuration;
using Microsoft.Extensions.Options;

namespace ConntrackConsole.Actions;

/// <summary>Registers the action workflow, its outcome monitor and the consumer of the node journals.</summary>
internal static class ActionServices
{
    /// <summary>Call after stored history and ingest are registered: these hosted services start last and read what those have loaded.</summary>
    public static IServiceCollection AddActions(this IServiceCollection services)
    {
        services.AddSingleton(provider => ActionSettings.Of(provider.GetRequiredService<IOptions<ActionsOptions>>().Value));
        services.AddSingleton<ActionStore>();
        services.AddSingleton<ActionAudit>();
        services.AddSingleton<GuardContextBuilder>();
        services.AddSingleton<PreviewRateLimiter>();
        services.AddSingleton<ActionDispatch>();
        services.AddSingleton<ActionService>();
        services.AddSingleton<RevertRecorder>();
        services.AddSingleton<OpenChanges>();
        services.AddSingleton<OutcomeMonitor>();
        services.AddSingleton<ActionRecovery>();
        services.AddHostedService<JournalIngest>();
        services.AddHostedService<ActionResolver>();
        services.AddHostedService(provider => provider.GetRequiredService<OutcomeMonitor>());
        return services;
    }
}
