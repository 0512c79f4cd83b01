using ConntrackConsole.Configuration;
using ConntrackConsole.Configuration.Keys;
using ConntrackConsole.Wire;
using Microsoft.Extensions.Options;

namespace ConntrackConsole.Ingest;

/// <summary>Authenticates access to the collectors' hub, over TCP or a Unix socket: each collector with its own node's secret.</summary>
internal static class CollectorAuthMiddleware
{
    public static void UseCollectorAuthentication(this WebApplication app)
    {
        string? token = app.Services.GetRequiredService<IOptions<CollectorsOptions>>().Value.Token;
        app.Use((context, next) => Admit(context, token) is { } refused ? refused : next(context));
    }

    // Null: the request may pass.
    private static Task? Admit(HttpContext context, string? token)
    {
        bool fromSocket = context.IsFromCollectorSocket();
        if (!context.Request.Path.StartsWithSegments(HubMethods.Path))
            return fromSocket ? Refuse(context, StatusCodes.Status404NotFound, CollectorErrorCodes.SocketServesCollectorsOnly, "This socket serves collectors only.") : null;
        if (token is null && !fromSocket)
        {
            return Refuse(context, StatusCodes.Status403Forbidden, CollectorErrorCodes.TcpDisabled,
                $"Collectors are not served over TCP because the console has no {ConfigurationKeys.CollectorToken}: set it on the console and give the same value to the collector.");
        }

        // Without a token the permissions of the socket's file, which only its owner can open, are the authentication.
        var pass = token is null ? CollectorIdentity.Unnamed : CollectorIdentity.Read(context.Request.Headers, token);
        if (pass is null)
        {
            return Refuse(context, StatusCodes.Status401Unauthorized, CollectorErrorCodes.NotAuthenticated,
                $"The collector is not authenticated: it must send its node's name in {NodeSecret.Header} and that node's secret, derived from the console's {ConfigurationKeys.CollectorToken}. "
                + "Start it with CONNTRACK_CONSOLE_TOKEN, or with CONNTRACK_NODE_SECRET from conntrack-console node-secret NAME.");
        }

        context.Features.Set(pass);
        return null;
    }

    private static Task Refuse(HttpContext context, int status, string code, string message) =>
        TypedResults.Problem(message, statusCode: status, title: "Collector refused", extensions: new Dictionary<string, object?> { ["code"] = code })
            .ExecuteAsync(context);
}
