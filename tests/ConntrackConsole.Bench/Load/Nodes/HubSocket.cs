using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Bench.Load.Nodes;

/// <summary>
/// A web socket to the collectors' hub over the console's Unix socket, authenticated as a node's collector is. Leaner than
/// SignalR's client, so that ten thousand of them leave the cores to the console: the messages are the same.
/// </summary>
internal sealed class HubSocket : IDisposable
{
    private readonly WebSocket _socket;
    private readonly SemaphoreSlim _sending = new(1);

    private HubSocket(WebSocket socket) => _socket = socket;

    /// <exception cref="IOException">The console does not listen, or refuses the connection.</exception>
    public static async Task<HubSocket> ConnectAsync(string path, string node, string token, CancellationToken stop)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), stop);
            var stream = new NetworkStream(socket, ownsSocket: true);
            await stream.WriteAsync(Encoding.ASCII.GetBytes(
                $"GET {HubMethods.Path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                + $"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n{NodeSecret.Header}: {node}\r\nAuthorization: {NodeSecret.Scheme}{NodeSecret.Of(token, node)}\r\n\r\n"), stop);
            string answer = await HeadersAsync(stream, stop);
            if (!answer.StartsWith("HTTP/1.1 101 ", StringComparison.Ordinal))
                throw new IOException($"The console answered: {answer}");
            return new HubSocket(WebSocket.CreateFromStream(stream, new WebSocketCreationOptions { KeepAliveInterval = TimeSpan.Zero }));
        }
        catch (Exception failure) when (failure is SocketException or IOException)
        {
            socket.Dispose();
            throw failure as IOException ?? new IOException(failure.Message, failure);
        }
    }

    public async ValueTask SendAsync(ReadOnlyMemory<byte> message, CancellationToken stop)
    {
        await _sending.WaitAsync(stop);
        try
        {
            await _socket.SendAsync(message, WebSocketMessageType.Text, endOfMessage: true, stop);
        }
        finally
        {
            _sending.Release();
        }
    }

    public ValueTask SendAsync(string message, CancellationToken stop) => SendAsync(Encoding.UTF8.GetBytes(message + "\u001e"), stop);

    /// <returns>How many bytes were read; 0: the console has closed the connection.</returns>
    public async ValueTask<int> ReceiveAsync(Memory<byte> buffer, CancellationToken stop)
    {
        var received = await _socket.ReceiveAsync(buffer, stop);
        return received.MessageType == WebSocketMessageType.Close ? 0 : received.Count;
    }

    public void Dispose() => _socket.Dispose();

    // The console sends nothing after its headers until it is spoken to.
    private static async Task<string> HeadersAsync(Stream stream, CancellationToken stop)
    {
        byte[] buffer = new byte[4096];
        int length = 0;
        while (length < buffer.Length)
        {
            int read = await stream.ReadAsync(buffer.AsMemory(length), stop);
            if (read == 0)
                break;
            length += read;
            if (buffer.AsSpan(0, length).EndsWith("\r\n\r\n"u8))
                break;
        }

        return Encoding.ASCII.GetString(buffer, 0, length);
    }
}
