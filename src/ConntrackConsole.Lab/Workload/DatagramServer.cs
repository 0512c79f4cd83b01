using System.Net;
using System.Net.Sockets;
using System.Text;

namespace ConntrackConsole.Lab.Workload;

/// <summary>Answers each datagram with its own address, until SIGTERM.</summary>
internal sealed class DatagramServer(int port)
{
    public async Task<int> RunAsync(CancellationToken stop)
    {
        var own = new IPEndPoint(LocalAddress.Own, port);
        using var socket = new Socket(own.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(LocalAddress.Any, port));
        byte[] answer = Encoding.ASCII.GetBytes($"OK {own}\n");
        new WorkloadReport(WorkloadReport.Now, "listening", Local: own.ToString()).Print();
        byte[] buffer = new byte[256];
        var any = new IPEndPoint(LocalAddress.Any, 0);
        try
        {
            while (true)
            {
                var received = await socket.ReceiveFromAsync(buffer, any, stop);
                try
                {
                    await socket.SendToAsync(answer, received.RemoteEndPoint, stop);
                }
                catch (SocketException)
                {
                    // The client is gone.
                }
            }
        }
        catch (OperationCanceledException)
        {
            return 0;
        }
    }
}
