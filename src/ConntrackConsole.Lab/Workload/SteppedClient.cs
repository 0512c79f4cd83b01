using System.Net;
using System.Net.Sockets;

namespace ConntrackConsole.Lab.Workload;

/// <summary>
/// A client that connects at fixed moments of the machine's clock, from one source port after another: two of them send their SYNs within
/// microseconds, from the same ports. Only the first connection and those that took long are reported.
/// </summary>
/// <param name="service">Where to.</param>
/// <param name="interval">Between two connections.</param>
internal sealed class SteppedClient(IPEndPoint service, TimeSpan interval)
{
    // Below the kernel's own choice. None is used twice: a second connection of the same ports would find the first one's entry.
    private const int FirstPort = 20_000, Ports = 12_000;

    // A sleep ends up to a millisecond late.
    private static readonly TimeSpan Spin = TimeSpan.FromMilliseconds(3);

    private static readonly byte[] Request = "GET\n"u8.ToArray();
    private readonly IPAddress _own = LocalAddress.Toward(service);
    private bool _isServed;

    /// <summary>Runs until the process ends.</summary>
    public void Start() => new Thread(Run) { IsBackground = true }.Start();

    private void Run()
    {
        for (int i = 0; i < Ports; i++)
        {
            var socket = new Socket(service.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            long atTicks = ((DateTime.UtcNow.Ticks / interval.Ticks) + 1) * interval.Ticks;
            // The same port at the same moment, whenever each of them was started.
            int port = FirstPort + (int)(atTicks / interval.Ticks % Ports);
            socket.Bind(new IPEndPoint(_own, port));
            var left = TimeSpan.FromTicks(atTicks - DateTime.UtcNow.Ticks) - Spin;
            if (left > TimeSpan.Zero)
                Thread.Sleep(left);
            while (DateTime.UtcNow.Ticks < atTicks)
                Thread.SpinWait(10);
            _ = ConnectAsync(socket, port);
        }
    }

    private async Task ConnectAsync(Socket socket, int port)
    {
        using var _ = socket;
        var began = DateTime.UtcNow;
        try
        {
            await socket.ConnectAsync(service);
            double seconds = (DateTime.UtcNow - began).TotalSeconds;
            await socket.SendAsync(Request);
            byte[] buffer = new byte[256];
            int length = await socket.ReceiveAsync(buffer);
            string backend = ShortClient.BackendIn(buffer.AsSpan(0, length));
            bool isFirst = !_isServed;
            _isServed = true;
            if (isFirst || seconds > WorkloadReport.SynRepeatSeconds)
            {
                new WorkloadReport(WorkloadReport.Now, "connected", port, socket.LocalEndPoint!.ToString(), service.ToString(), backend.Length == 0 ? null : backend, Math.Round(seconds, 3)).Print();
            }

            // The end of a server that closes first.
            await socket.ReceiveAsync(buffer);
        }
        catch (SocketException failed)
        {
            new WorkloadReport(WorkloadReport.Now, "refused", port, $"{_own}:{port}", service.ToString(), null, null, Detail: failed.SocketErrorCode.ToString()).Print();
        }
    }
}
