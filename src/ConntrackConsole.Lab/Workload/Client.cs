using System.Net;
using System.Net.Sockets;
using System.Text;

namespace ConntrackConsole.Lab.Workload;

/// <summary>
/// An application's connection pool: some keep-alive connections, a small request on each twice per second, and no timeout
/// of its own. It reconnects only when a connection ends, so in a black hole it hangs for as long as the kernel retries.
/// </summary>
internal sealed class Client(IPEndPoint service, int connections, TimeSpan interval)
{
    private static readonly TimeSpan HungAfter = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan ReplaceAfter = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Backoff = TimeSpan.FromMilliseconds(500);
    private static readonly byte[] Request = "GET\n"u8.ToArray();

    private readonly int _maxConnections = connections * 3;
    private int _opened;
    private string? _abort;

    /// <summary>Runs until the process ends.</summary>
    public void Start()
    {
        for (int i = 0; i < connections; i++)
            Open();
    }

    /// <summary>Aborts one connection at its next request: "linger" (SO_LINGER 0) or "unread" (response not read).</summary>
    public void Abort(string how) => Volatile.Write(ref _abort, how);

    private void Open() => _ = Task.Run(() => KeepConnectedAsync(Interlocked.Increment(ref _opened)));

    private async Task KeepConnectedAsync(int number)
    {
        // Spread over the interval, so that requests do not come in bursts.
        await Task.Delay(interval * (number % connections / (double)connections));
        while (true)
        {
            await ConverseAsync(number);
            await Task.Delay(Backoff);
        }
    }

    private async Task ConverseAsync(int number)
    {
        using var socket = new Socket(service.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        string local = "", backend = "";
        double? since = null;
        bool connected = false;
        try
        {
            socket.Bind(new IPEndPoint(LocalAddress.Toward(service), 0)); // so that the port is known even if the connect fails
            await socket.ConnectAsync(service);
            local = socket.LocalEndPoint!.ToString()!;
            connected = true;
            byte[] buffer = new byte[256];
            for (bool first = true; ; first = false)
            {
                if (!first && Interlocked.Exchange(ref _abort, null) is { } how)
                {
                    await AbortAsync(socket, how);
                    Report("aborted", detail: how);
                    return;
                }

                since = WorkloadReport.Now;
                await socket.SendAsync(Request);
                string answer = await AnswerAsync(socket, buffer, () => Report("hung"), () => Report("recovered"));
                since = null;
                string[] words = answer.Split(' '); // OK <pod's address:port> [close]
                if (words.Length < 2 || words[0] != "OK")
                {
                    Report("closed", detail: answer.Length == 0 ? "the server closed" : "malformed response");
                    return;
                }

                backend = words[1];
                if (first)
                    Report("connected");
                if (words.Length > 2)
                {
                    Report("closed", detail: "the server is draining");
                    return;
                }

                await Task.Delay(interval);
            }
        }
        catch (SocketException e)
        {
            if (!connected)
                local = (socket.LocalEndPoint as IPEndPoint)?.ToString() ?? "";
            Report(e.SocketErrorCode switch
            {
                _ when !connected => "refused",
                SocketError.ConnectionReset or SocketError.Shutdown => "reset",
                SocketError.TimedOut => "timeout",
                _ => "closed",
            }, detail: e.SocketErrorCode.ToString());
        }

        void Report(string name, string? detail = null) => new WorkloadReport(
            WorkloadReport.Now, name, number, local, service.ToString(), backend.Length == 0 ? null : backend,
            since is { } from ? Math.Round(WorkloadReport.Now - from, 3) : null, Detail: detail).Print();
    }

    // "" if the server closed. Waits without limit: only the kernel gives up a connection.
    private async Task<string> AnswerAsync(Socket socket, byte[] buffer, Action hung, Action recovered)
    {
        var text = new StringBuilder();
        bool isHung = false;
        while (true)
        {
            var receive = socket.ReceiveAsync(buffer);
            if (!isHung && await Task.WhenAny(receive, Task.Delay(HungAfter)) != receive)
            {
                isHung = true;
                hung();
                // The pool grows where a connection is stuck, as real ones do; within a limit.
                _ = Task.WhenAny(receive, Task.Delay(ReplaceAfter)).ContinueWith(
                    _ => GrowIfStuck(receive), TaskScheduler.Default);
            }

            int length = await receive;
            if (length == 0)
                return "";
            text.Append(Encoding.ASCII.GetString(buffer, 0, length));
            if (text[^1] == '\n')
            {
                if (isHung)
                    recovered();
                return text.ToString().TrimEnd('\n');
            }
        }
    }

    private void GrowIfStuck(Task<int> receive)
    {
        if (!receive.IsCompleted && Volatile.Read(ref _opened) < _maxConnections)
            Open();
    }

    // Called between requests, with no operation pending: otherwise the base class library would shut down gracefully first.
    private static async Task AbortAsync(Socket socket, string how)
    {
        if (how == "unread")
        {
            await socket.SendAsync(Request);
            for (int wait = 0; socket.Available == 0 && wait < 400; wait++)
                await Task.Delay(5);
        }
        else
        {
            socket.LingerState = new LingerOption(true, 0);
        }

        socket.Close();
    }
}
