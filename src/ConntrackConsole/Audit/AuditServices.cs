using ConntrackConsole.Configuration;
using Microsoft.Extensions.Options;

namespace ConntrackConsole.Audit;

/// <summary>The audit log, and the service that copies its rows to a file.</summary>
internal static class AuditServices
{
    public static IServiceCollection AddAudit(this IServiceCollection services)
    {
        services.AddSingleton(provider => new AuditKeys(
            provider.GetRequiredService<IOptions<AuditOptions>>().Value.ReadKeys(provider.GetRequiredService<IOptions<StorageOptions>>().Value.DataDirectory)));
        services.AddSingleton<AuditLog>();
        services.AddSingleton<AuditVerifier>();
        // Stops after the row about the shutdown is written, and copies that row too.
        return services.AddSingleton<IHostedService>(provider => provider.GetRequiredService<IOptions<AuditOptions>>().Value.ForwardFile is { } file
            ? new AuditForward(
                provider.GetRequiredService<AuditLog>(), new ForwardFile(file), provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<AuditForward>>())
            : new NoForwarding());
    }

    private sealed class NoForwarding : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
