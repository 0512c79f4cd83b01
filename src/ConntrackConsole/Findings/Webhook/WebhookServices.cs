using ConntrackConsole.Audit;
using ConntrackConsole.Configuration;
using ConntrackConsole.Findings.Live;
using Microsoft.Extensions.Options;

namespace ConntrackConsole.Findings.Webhook;

/// <summary>Registers the webhook, if one is configured.</summary>
internal static class WebhookServices
{
    public static IServiceCollection AddFindingWebhook(this IServiceCollection services) => services.AddSingleton<IHostedService>(provider =>
    {
        var options = provider.GetRequiredService<IOptions<WebhookOptions>>().Value;
        return options.Url is null
            ? new NoWebhook()
            : new WebhookForwarder(
                provider.GetRequiredService<AuditLog>(), provider.GetRequiredService<FindingMonitor>(), new WebhookClient(options),
                new DeliveryPosition(provider.GetRequiredService<IOptions<StorageOptions>>().Value.DataDirectory), ExternalUrl(provider.GetRequiredService<IOptions<ServerOptions>>().Value),
                provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<WebhookForwarder>>());
    });

    // A browser cannot open a wildcard address.
    private static string ExternalUrl(ServerOptions server) => (server.Addresses.FirstOrDefault() ?? ServerOptions.DefaultUrl).TrimEnd('/')
        .Replace("//[::]", "//localhost", StringComparison.Ordinal).Replace("//0.0.0.0", "//localhost", StringComparison.Ordinal)
        .Replace("//*", "//localhost", StringComparison.Ordinal).Replace("//+", "//localhost", StringComparison.Ordinal);

    private sealed class NoWebhook : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
