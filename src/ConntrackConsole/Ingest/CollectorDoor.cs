using System.Net.Sockets;
using ConntrackConsole.Configuration;
using ConntrackConsole.Wire;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace ConntrackConsole.Ingest;

/// <summary>Who may reach the collectors' hub, over TCP or a Unix socket: each collector with its own node's secret.</summary>
public static class CollectorDoor
{
    /// <summary>
    /// Listens on the socket with mode 0600 from the first moment: between bind and listen nobody can connect yet.
    /// </summary>
    public static void ListenOn(this WebApplicationBuilder builder, string socket)
    {
        builder.Services.Configure<SocketTransportOptions>(options => options.CreateBoundListenSocket = endPoint =>
        {
            var bound = SocketTransportOptions.CreateDefaultBoundListenSocket(Free(endPoint));
            if (endPoint is UnixDomainSocketEndPoint && !OperatingSystem.IsWindows())
                File.SetUnixFileMode(socket, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            return bound;
        });
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ConfigureEndpointDefaults(listen => listen.Use(next => connection =>
        {
            if (connection.LocalEndPoint is UnixDomainSocketEndPoint)
                connection.Features.Set(new FromSocket());
            return next(connection);
        })));
    }

    public static void UseCollectorDoor(this WebApplication app, CollectorSettings settings) => app.Use((context, next) =>
    {
        bool fromSocket = context.Features.Get<FromSocket>() is not null;
        if (!context.Request.Path.StartsWithSegments(HubMethods.Path))
            return fromSocket ? Refuse(context, StatusCodes.Status404NotFound, "This socket serves collectors only.") : next(context);
        if (settings.Token is null && !fromSocket)
        {
            return Refuse(context, StatusCodes.Status403Forbidden,
                $"Collectors are not served over TCP because the console has no {Setting.CollectorToken}: set it on the console and give the same value to the collector.");
        }

        // Without a token the file of the socket, which only its owner can open, is the door.
        var pass = settings.Token is null ? CollectorPass.Unnamed : CollectorPass.Read(context.Request.Headers, settings.Token);
        if (pass is null)
        {
            return Refuse(context, StatusCodes.Status401Unauthorized,
                $"The console does not know this collector: it must name its node in {NodeSecret.Header} and present that node's secret, made from the console's {Setting.CollectorToken}. "
                + "Start it with CONNTRACK_CONSOLE_TOKEN, or with CONNTRACK_NODE_SECRET from conntrack-console node-secret NAME.");
        }

        context.Features.Set(pass);
        return next(context);
    });

    // A file that a killed console left behind refuses connections: only then may it be replaced.
    private static System.Net.EndPoint Free(System.Net.EndPoint endPoint)
    {
        if (endPoint is not UnixDomainSocketEndPoint || endPoint.ToString() is not { } path || !File.Exists(path))
            return endPoint;
        using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            probe.Connect(endPoint);
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionRefused)
        {
            File.Delete(path);
            return endPoint;
        }
        catch (SocketException)
        {
            return endPoint;
        }

        throw new StartFault($"Another console serves the collectors on {path} already: stop it, or set {Setting.CollectorSocket} to another path.");
    }

    private static Task Refuse(HttpContext context, int status, string sentence)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/plain; charset=utf-8";
        return context.Response.WriteAsync(sentence);
    }

    private sealed class FromSocket;
}
