using ConntrackConsole.Ingest.Journal;
using ConntrackConsole.Wire;
using Microsoft.AspNetCore.Http.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace ConntrackConsole.Ingest;

/// <summary>The hub that collectors connect to, and the path of their frames into the timeline.</summary>
internal static class IngestServices
{
    // A frame may have 256 KiB and grows by a third in base64; a preview lists up to 20,000 entries of some 350 bytes each.
    public const int MaxHubMessage = 8 * 1024 * 1024;

    // What is received ahead of being read, for each connection: 1 MiB by default, which is 5 GB when thousands of collectors resend.
    // Not below what a request's headers may take.
    public const int MaxReceiveBuffer = 64 * 1024;

    public static IServiceCollection AddIngest(this IServiceCollection services)
    {
        services.AddSingleton<CollectorAuthenticator>();
        services.AddSingleton<CollectorRegistry>();
        services.AddSingleton<FrameInbox>();
        services.AddSingleton<CollectorLink>();
        services.AddSingleton<JournalInbox>();
        services.AddCollectorSocket();
        services.Configure<KestrelServerOptions>(server => server.Limits.MaxRequestBufferSize = MaxReceiveBuffer);
        services.AddHostedService<FrameApplier>();
        services.AddHostedService<WatchListPublisher>();
        services.AddHostedService<LostNodeMonitor>();
        // Set with AddHubOptions: only there they take precedence over the general options.
        services.AddSignalR().AddJsonProtocol(json =>
            {
                json.PayloadSerializerOptions.TypeInfoResolverChain.Insert(0, WireJson.Default);
                json.PayloadSerializerOptions.Converters.Add(new StoredRangesWriter());
            })
            .AddHubOptions<CollectorHub>(options =>
            {
                options.MaximumReceiveMessageSize = MaxHubMessage;
                // Each stream, live and late, is one invocation; clock synchronization and introduction must not wait behind
                // them.
                options.MaximumParallelInvocationsPerClient = 4;
            });
        return services;
    }

    // Web sockets only: there the authentication applies to the whole connection, because it is one request.
    public static void MapCollectorHub(this IEndpointRouteBuilder routes) =>
        routes.MapHub<CollectorHub>(HubMethods.Path, options => options.Transports = HttpTransportType.WebSockets).AllowAnonymous();
}
