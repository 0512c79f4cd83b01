using ConntrackConsole.Configuration;

namespace ConntrackConsole.Audit;

/// <summary>What of the audit log runs with the console.</summary>
public static class AuditServices
{
    /// <summary>Before every other hosted service: a room that acts at its start finds the start written already.</summary>
    public static void AddAudit(this IServiceCollection services, AuditSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        services.AddSingleton(new AuditKeys(settings.Keys));
        services.AddSingleton<AuditLog>();
        services.AddSingleton<AuditVerifier>();
        // It ends behind the row of the end, and takes that along.
        if (settings.ForwardFile is { } file)
        {
            services.AddHostedService(rooms => new AuditForward(
                rooms.GetRequiredService<AuditLog>(), new ForwardFile(file), rooms.GetRequiredService<TimeProvider>(), rooms.GetRequiredService<ILogger<AuditForward>>()));
        }

        services.AddHostedService<ConsoleLife>();
    }
}
