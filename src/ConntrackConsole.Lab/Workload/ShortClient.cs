using System.Net;
using System.Net.Sockets;
using System.Text;

namespace ConntrackConsole.Lab.Workload;

/// <summary>
/// A client that opens a connection for each request, with a timeout: what most health checks and scripts do. It can use few source
/// ports, the same again after a timeout. Only failures and slow requests are reported.
/// </summary>
/// <param name="service">Where to.</param>
/// <param name="interval">Between the starts of two requests.</param>
/// <param name="timeout">Of one request.</param>
/// <param name="sourcePorts">How many source ports it uses; 0 = any, chosen by the kernel.</param>
internal sealed class ShortClient(IPEndPoint service, TimeSpan interval, TimeSpan timeout, int sourcePorts)
{
    private const int FirstSourcePort = 20_000; // below the kernel's own choice
    private static readonly TimeSpan Slow = TimeSpan.FromMilliseconds(700);
    private static readonly byte[] Request = "GET\n"u8.ToArray();
    private bool _isServed;

    /// <summary>Runs until the process ends.</summary>
    public void Start()
    {
        if (sourcePorts == 0)
            _ = Task.Run(RequestAllAsync);
        for (int i = 0; i < sourcePorts; i++)
        {
            int port = FirstSourcePort + i;
            _ = Task.Run(() => RepeatAsync(port));
        }
    }

    /// <summary>The address in a response: "OK address:port".</summary>
    public static string BackendIn(ReadOnlySpan<byte> answer) =>
        Encoding.ASCII.GetString(answer).Split('\n')[0].Split(' ') is ["OK", var backend, ..] ? backend.TrimEnd('\n') : "";

    private async Task RequestAllAsync()
    {
        using var timer = new PeriodicTimer(interval);
        for (int number = 1; await timer.WaitForNextTickAsync(); number++)
            _ = RequestAsync(number, 0); // A slow one does not delay the next.
    }

    private async Task RepeatAsync(int port)
    {
        while (true)
        {
            await RequestAsync(port, port);
            await Task.Delay(interval);
        }
    }

    private async Task RequestAsync(int number, int port)
    {
        var began = DateTime.UtcNow;
        using var limit = new CancellationTokenSource(timeout);
        using var socket = new Socket(service.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        string local = "", backend = "";
        bool isConnected = false;
        try
        {
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
            socket.Bind(new IPEndPoint(LocalAddress.Toward(service), port));
            local = socket.LocalEndPoint!.ToString()!;
            await socket.ConnectAsync(service, limit.Token);
            isConnected = true;
            local = socket.LocalEndPoint!.ToString()!;
            await socket.SendAsync(Request, limit.Token);
            byte[] buffer = new byte[256];
            int length = await socket.ReceiveAsync(buffer, limit.Token);
            backend = BackendIn(buffer.AsSpan(0, length));
            bool isFirst = !Volatile.Read(ref _isServed);
            Volatile.Write(ref _isServed, true);
            if (isFirst || DateTime.UtcNow - began > Slow)
                Report("connected");
            // The end of a server that closes first.
            if (port != 0)
                _ = await socket.ReceiveAsync(buffer, limit.Token);
        }
        catch (OperationCanceledException)
        {
            Report(isConnected ? "hung" : "connect-timeout");
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.AddressAlreadyInUse or SocketError.AddressNotAvailable)
        {
            // The former connection of this port has not ended yet.
        }
        catch (SocketException e)
        {
            Report(isConnected ? "reset" : "refused", e.SocketErrorCode.ToString());
        }

        void Report(string name, string? detail = null) => new WorkloadReport(
            WorkloadReport.Now, name, number, local, service.ToString(), backend.Length == 0 ? null : backend,
            Math.Round((DateTime.UtcNow - began).TotalSeconds, 3), Detail: detail).Print();
    }
}
