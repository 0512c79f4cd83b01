using System.Net;
using System.Net.Sockets;

namespace ConntrackConsole.Collector.KubeProxy;

/// <summary>Whether a port of the loopback interface accepts connections, without an exception if it does not.</summary>
internal static class LoopbackPort
{
    /// <returns>True if it accepts, or if the address is a name.</returns>
    /// <exception cref="OperationCanceledException">Neither accepted nor refused in time.</exception>
    public static async Task<bool> AcceptsAsync(Uri address, CancellationToken stop)
    {
        if (!IPAddress.TryParse(address.IdnHost, out var ip))
            return true;
        using var socket = new Socket(ip.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        using var connect = new SocketAsyncEventArgs { RemoteEndPoint = new IPEndPoint(ip, address.Port) };
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        connect.Completed += (_, _) => done.TrySetResult();
        if (socket.ConnectAsync(connect))
            await done.Task.WaitAsync(stop);
        return connect.SocketError == SocketError.Success;
    }
}
