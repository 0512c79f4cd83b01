using ConntrackConsole.Configuration;
using Microsoft.Extensions.Options;

namespace ConntrackConsole.Actions;

/// <summary>Guarded actions: from request to outcome.</summary>
internal static class ActionsServices
{
    public static IServiceCollection AddActions(this IServiceCollection services)
    {
        services.AddSingleton(provider => ActionSettings.Of(provider.GetRequiredService<IOptions<ActionsOptions>>().Value));
        services.AddSingleton<ActionStore>();
        services.AddSingleton<ActionAudit>();
        services.AddSingleton<WorldReader>();
        services.AddSingleton<ActionDispatch>();
        services.AddSingleton<ActionDesk>();
        services.AddSingleton<JournalReturns>();
        services.AddSingleton<JournalDesk>();
        services.AddSingleton<ChangeBoard>();
        services.AddSingleton<OutcomeMeter>();
        services.AddSingleton<LooseEnds>();
        services.AddHostedService<ActionResolver>();
        return services.AddHostedService(provider => provider.GetRequiredService<OutcomeMeter>());
    }
}
