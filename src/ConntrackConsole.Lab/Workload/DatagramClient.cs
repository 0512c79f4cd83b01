using System.Net;
using System.Net.Sockets;

namespace ConntrackConsole.Lab.Workload;

/// <summary>Sends datagrams from sockets that stay open, as resolvers and metric agents do, and reports when answers stop and return.</summary>
internal sealed class DatagramClient(IPEndPoint service, int sockets, TimeSpan interval)
{
    private static readonly TimeSpan HungAfter = TimeSpan.FromSeconds(2);
    private static readonly byte[] Request = "GET\n"u8.ToArray();

    /// <summary>Runs until the process ends.</summary>
    public void Start()
    {
        for (int i = 1; i <= sockets; i++)
        {
            int number = i;
            _ = Task.Run(() => AskAsync(number));
        }
    }

    private async Task AskAsync(int number)
    {
        // Not connected: errors by ICMP do not end it.
        using var socket = new Socket(service.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(LocalAddress.Toward(service), 0));
        string local = socket.LocalEndPoint!.ToString()!, backend = "";
        byte[] buffer = new byte[256];
        var answered = DateTime.UtcNow;
        DateTime? unanswered = null; // The first datagram since the last answer.
        bool isHung = false;
        _ = Task.Run(ReceiveAsync);
        using var timer = new PeriodicTimer(interval);
        do
        {
            try
            {
                unanswered ??= DateTime.UtcNow;
                await socket.SendToAsync(Request, service);
            }
            catch (SocketException)
            {
                // No route at the moment.
            }

            if (!isHung && DateTime.UtcNow - answered > HungAfter)
            {
                isHung = true;
                Report("hung");
            }
        }
        while (await timer.WaitForNextTickAsync());

        async Task ReceiveAsync()
        {
            while (true)
            {
                int length = (await socket.ReceiveFromAsync(buffer, service)).ReceivedBytes;
                string from = ShortClient.BackendIn(buffer.AsSpan(0, length));
                answered = DateTime.UtcNow;
                if (backend != from)
                {
                    backend = from;
                    Report("connected");
                }

                if (isHung)
                    Report("recovered");
                (isHung, unanswered) = (false, null);
            }
        }

        void Report(string name) => new WorkloadReport(
            WorkloadReport.Now, name, number, local, service.ToString(), backend.Length == 0 ? null : backend,
            Math.Round((DateTime.UtcNow - (unanswered ?? answered)).TotalSeconds, 3)).Print();
    }
}
