using ConntrackConsole.Wire;

namespace ConntrackConsole.Ingest;

/// <summary>Authenticates access to the collectors' hub, over TCP or a Unix socket: each collector as one of its own node.</summary>
internal static partial class CollectorAuthMiddleware
{
    private const long LogIntervalMs = 10_000;

    public static void UseCollectorAuthentication(this WebApplication app)
    {
        var authenticator = app.Services.GetRequiredService<CollectorAuthenticator>();
        var log = app.Logger;
        // Anyone can cause a refusal: the log must not fill.
        long loggedMs = -LogIntervalMs;
        app.Use(async (context, next) =>
        {
            if (await AdmitAsync(context, authenticator) is not { } refusal)
            {
                await next(context);
                return;
            }

            long nowMs = Environment.TickCount64;
            if (nowMs - Interlocked.Read(ref loggedMs) >= LogIntervalMs)
            {
                Interlocked.Exchange(ref loggedMs, nowMs);
                LogRefused(log, context.Connection.RemoteIpAddress, refusal.Reason.Message, refusal.Reason.Code);
            }

            await RefuseAsync(context, refusal);
        });
    }

    // Null: the request may pass.
    private static async Task<CollectorRefusal?> AdmitAsync(HttpContext context, CollectorAuthenticator authenticator)
    {
        bool fromSocket = context.IsFromCollectorSocket();
        if (!context.Request.Path.StartsWithSegments(HubMethods.Path))
            return fromSocket ? new CollectorRefusal(StatusCodes.Status404NotFound, new Reason(CollectorErrorCodes.SocketServesCollectorsOnly, "This socket serves collectors only.")) : null;
        var (identity, refusal) = await authenticator.AuthenticateAsync(context.Request.Headers, fromSocket, context.RequestAborted);
        context.Features.Set(identity);
        return refusal;
    }

    private static Task RefuseAsync(HttpContext context, CollectorRefusal refusal) =>
        TypedResults.Problem(refusal.Reason.Message, statusCode: refusal.Status, title: "Collector refused", extensions: new Dictionary<string, object?> { ["code"] = refusal.Reason.Code })
            .ExecuteAsync(context);

    [LoggerMessage(Level = LogLevel.Warning, Message = "A collector at {Address} was refused: {Sentence} [{Code}]")]
    private static partial void LogRefused(ILogger log, System.Net.IPAddress? address, string sentence, string code);
}
