using System.Net;
using System.Net.Sockets;
using System.Text;

namespace ConntrackConsole.Lab.Workload;

/// <summary>Answers each datagram with its own address, until SIGTERM.</summary>
internal sealed class DatagramServer(int port)
{
    public async Task<int> RunAsync(CancellationToken stop)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.Any, port));
        // Its own address is that of the pod's only link.
        var own = System.Net.NetworkInformation.NetworkInterface.GetAllNetworkInterfaces()
            .SelectMany(link => link.GetIPProperties().UnicastAddresses).Select(unicast => unicast.Address)
            .First(address => address.AddressFamily == AddressFamily.InterNetwork && !IPAddress.IsLoopback(address));
        byte[] answer = Encoding.ASCII.GetBytes($"OK {own}:{port}\n");
        new WorkloadReport(WorkloadReport.Now, "listening", Local: $"{own}:{port}").Print();
        byte[] buffer = new byte[256];
        var any = new IPEndPoint(IPAddress.Any, 0);
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
