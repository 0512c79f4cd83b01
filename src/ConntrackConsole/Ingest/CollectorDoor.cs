using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using ConntrackConsole.Configuration;
using ConntrackConsole.Wire;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace ConntrackConsole.Ingest;

/// <summary>Who may reach the collectors' hub: the Unix socket, whose file only its owner can open, or a bearer of the token.</summary>
public static class CollectorDoor
{
    private const string Prefix = "Bearer ";

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

    public static void UseCollectorDoor(this WebApplication app, CollectorSettings settings)
    {
        byte[]? expected = settings.Token is null ? null : Hash(settings.Token);
        app.Use((context, next) =>
        {
            bool toHub = context.Request.Path.StartsWithSegments(HubMethods.Path);
            if (context.Features.Get<FromSocket>() is not null)
                return toHub ? next(context) : Refuse(context, StatusCodes.Status404NotFound, "This socket serves collectors only.");
            if (!toHub)
                return next(context);
            if (expected is null)
            {
                return Refuse(context, StatusCodes.Status403Forbidden,
                    $"Collectors are not served over TCP because the console has no {Setting.CollectorToken}: set it on the console and give the same value to the collector.");
            }

            string header = context.Request.Headers.Authorization.ToString();
            bool same = header.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase)
                && CryptographicOperations.FixedTimeEquals(Hash(header[Prefix.Length..].Trim()), expected);
            return same
                ? next(context)
                : Refuse(context, StatusCodes.Status401Unauthorized, $"The collector's token is not the console's {Setting.CollectorToken}.");
        });
    }

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

    private static byte[] Hash(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));

    private sealed class FromSocket;
}
