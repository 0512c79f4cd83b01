using System.Net;
using System.Net.Sockets;

namespace ConntrackConsole.Tests.Recordings;

/// <summary>A TCP proxy. When frozen, existing connections carry no data but stay open, as behind a firewall that dropped their state.</summary>
internal sealed class FreezableProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _end = new();
    private readonly int _to;
    private readonly Task _accepting;
    private CancellationTokenSource _flowing = new();

    public FreezableProxy(int to)
    {
        _to = to;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public void Freeze() => Interlocked.Exchange(ref _flowing, new CancellationTokenSource()).Cancel();

    private async Task AcceptAsync()
    {
        var open = new List<TcpClient>();
        try
        {
            while (true)
            {
                var near = await _listener.AcceptTcpClientAsync(_end.Token);
                var far = new TcpClient();
                open.AddRange([near, far]);
                await far.ConnectAsync(IPAddress.Loopback, _to, _end.Token);
                var flowing = Volatile.Read(ref _flowing).Token;
                _ = RelayAsync(near, far, flowing);
                _ = RelayAsync(far, near, flowing);
            }
        }
        catch (OperationCanceledException)
        {
            foreach (var one in open)
                one.Dispose();
        }
    }

    private static async Task RelayAsync(TcpClient from, TcpClient to, CancellationToken flowing)
    {
        try
        {
            await from.GetStream().CopyToAsync(to.GetStream(), flowing);
            to.Client.Shutdown(SocketShutdown.Send);
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or SocketException or ObjectDisposedException)
        {
            // Frozen, or one end closed.
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _accepting;
        _listener.Dispose();
        _end.Dispose();
        _flowing.Dispose();
    }
}
