using System.Net.Sockets;

namespace ConntrackConsole.Collector.Uplink;

/// <summary>Address of the console: http(s)://host[:port] or unix:/path of its collector socket.</summary>
internal sealed record ConsoleAddress(Uri Hub, string? SocketPath)
{
    public static ConsoleAddress Parse(string text)
    {
        if (text.StartsWith("unix:", StringComparison.Ordinal))
        {
            string path = text["unix:".Length..];
            if (!Path.IsPathRooted(path))
                throw new FormatException($"'{text}': unix: must be followed by the absolute path of the console's collector socket.");
            return new ConsoleAddress(new Uri("http://localhost" + Wire.HubMethods.Path), path);
        }

        if (!Uri.TryCreate(text, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https"))
            throw new FormatException($"'{text}' is not an address of a console; use http://host:port, https://host or unix:/path.");
        return new ConsoleAddress(new Uri(uri, Wire.HubMethods.Path), null);
    }

    /// <summary>The handler that connects to the Unix socket, or null for TCP.</summary>
    public SocketsHttpHandler? Handler() => SocketPath is null ? null : new SocketsHttpHandler
    {
        ConnectCallback = async (_, stop) =>
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(SocketPath), stop);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        },
    };

    public override string ToString() => SocketPath is null ? Hub.GetLeftPart(UriPartial.Authority) : "unix:" + SocketPath;
}
