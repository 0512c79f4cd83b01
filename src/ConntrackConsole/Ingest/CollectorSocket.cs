using System.Net;
using System.Net.Sockets;
using ConntrackConsole.Configuration;
using ConntrackConsole.Configuration.Keys;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Options;

namespace ConntrackConsole.Ingest;

/// <summary>The Unix socket for collectors on this machine.</summary>
internal static class CollectorSocket
{
    /// <summary>
    /// If a socket is configured: creates it with mode 0600 from the first moment (between bind and listen no client can connect
    /// yet), and marks the connections that use it.
    /// </summary>
    public static void AddCollectorSocket(this IServiceCollection services)
    {
        services.AddOptions<SocketTransportOptions>().Configure<IOptions<CollectorsOptions>>((transport, collectors) =>
        {
            if (collectors.Value.Socket is { } socket)
                transport.CreateBoundListenSocket = endPoint => Bind(endPoint, socket);
        });
        services.AddOptions<KestrelServerOptions>().Configure<IOptions<CollectorsOptions>>((kestrel, collectors) =>
        {
            if (collectors.Value.Socket is null)
                return;
            kestrel.ConfigureEndpointDefaults(listen => listen.Use(next => connection =>
            {
                if (connection.LocalEndPoint is UnixDomainSocketEndPoint)
                    connection.Features.Set(new Marker());
                return next(connection);
            }));
        });
    }

    /// <summary>Whether a request came through the socket.</summary>
    public static bool IsFromCollectorSocket(this HttpContext context) => context.Features.Get<Marker>() is not null;

    private static Socket Bind(EndPoint endPoint, string socket)
    {
        var bound = SocketTransportOptions.CreateDefaultBoundListenSocket(RemoveStale(endPoint));
        if (endPoint is UnixDomainSocketEndPoint && !OperatingSystem.IsWindows())
            File.SetUnixFileMode(socket, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return bound;
    }

    // A file that a killed console left behind refuses connections: only then may it be replaced.
    private static EndPoint RemoveStale(EndPoint endPoint)
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

        throw new StartupException(StartupErrorCodes.SocketInUse, $"Another console already serves the collectors on {path}: stop it, or set {ConfigurationKeys.CollectorSocket} to another path.");
    }

    private sealed class Marker;
}
