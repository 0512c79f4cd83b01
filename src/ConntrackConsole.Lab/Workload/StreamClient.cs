using System.Net;
using System.Net.Sockets;

namespace ConntrackConsole.Lab.Workload;

/// <summary>
/// Subscribers of a server that speaks first: they only read. One that has received nothing for some time sends a request, as
/// heartbeats do, and connects again when its connection ends.
/// </summary>
internal sealed class StreamClient(IPEndPoint service, int connections, TimeSpan silence)
{
    private static readonly TimeSpan Backoff = TimeSpan.FromMilliseconds(500);
    private static readonly byte[] Heartbeat = "GET\n"u8.ToArray();

    /// <summary>Runs until the process ends.</summary>
    public void Start()
    {
        for (int i = 1; i <= connections; i++)
        {
            int number = i;
            _ = Task.Run(() => KeepSubscribedAsync(number));
        }
    }

    private async Task KeepSubscribedAsync(int number)
    {
        while (true)
        {
            await SubscribeAsync(number);
            await Task.Delay(Backoff);
        }
    }

    private async Task SubscribeAsync(int number)
    {
        using var socket = new Socket(service.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        string local = "", backend = "";
        try
        {
            socket.Bind(new IPEndPoint(LocalAddress.Toward(service), 0));
            await socket.ConnectAsync(service);
            local = socket.LocalEndPoint!.ToString()!;
            byte[] buffer = new byte[4096];
            bool isHung = false;
            var since = DateTime.UtcNow;
            Task<int> receive = socket.ReceiveAsync(buffer);
            while (true)
            {
                if (await Task.WhenAny(receive, Task.Delay(silence)) != receive)
                {
                    if (!isHung)
                        Report("hung", since);
                    isHung = true;
                    await socket.SendAsync(Heartbeat);
                    // An answer or a reset; otherwise the next heartbeat.
                    continue;
                }

                int length = await receive;
                if (length == 0)
                {
                    Report("closed", since, "the server closed");
                    return;
                }

                if (backend.Length == 0)
                {
                    backend = ShortClient.BackendIn(buffer.AsSpan(0, length));
                    Report("connected", since);
                }

                if (isHung)
                    Report("recovered", since);
                isHung = false;
                since = DateTime.UtcNow;
                receive = socket.ReceiveAsync(buffer);
            }
        }
        catch (SocketException e)
        {
            if (local.Length == 0)
                local = (socket.LocalEndPoint as IPEndPoint)?.ToString() ?? "";
            Report(backend.Length == 0 && e.SocketErrorCode == SocketError.ConnectionRefused ? "refused" : "reset", DateTime.UtcNow, e.SocketErrorCode.ToString());
        }

        void Report(string name, DateTime from, string? detail = null) => new WorkloadReport(
            WorkloadReport.Now, name, number, local, service.ToString(), backend.Length == 0 ? null : backend,
            Math.Round((DateTime.UtcNow - from).TotalSeconds, 3), Detail: detail).Print();
    }
}
