using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using ConntrackConsole.Lab.Processes;

namespace ConntrackConsole.Lab.Workload;

/// <summary>
/// The application in a pod: answers each request line with its own address. At SIGTERM it drains (or, on request, exits
/// immediately with requests unread, which makes the kernel reset its connections); on request it sends a bad segment (M1), or
/// stops reading.
/// </summary>
internal sealed class Server(int port)
{
    // Maximum: both end with the last conversation, and on a busy machine a client's next request may be late.
    private static readonly TimeSpan DrainTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan HalfCloseTimeout = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<Socket, Conversation> _conversations = new();
    private volatile bool _drains;
    private volatile bool _stopsReading;

    /// <summary>Exit at SIGTERM without draining.</summary>
    public bool ExitsAtOnce { get; set; }

    /// <summary>It speaks first: a line on each connection at this interval.</summary>
    public TimeSpan? PushInterval { get; set; }

    /// <summary>SIGTERM has no effect.</summary>
    public bool IgnoresTerm { get; set; }

    /// <summary>It no longer accepts connections after SIGTERM, while those that it has drain.</summary>
    public bool ClosesListener { get; set; }

    /// <summary>It closes each connection after its first response.</summary>
    public bool ClosesAfterAnswer { get; set; }

    /// <summary>It no longer reads: requests remain unread in the kernel.</summary>
    public void Stall() => _stopsReading = true;

    /// <summary>Serves until SIGTERM, then drains or exits.</summary>
    /// <returns>The exit code.</returns>
    public async Task<int> RunAsync()
    {
        var terminated = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var signal = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context =>
        {
            context.Cancel = true;
            if (!IgnoresTerm)
                terminated.TrySetResult();
        });
        using var listener = new Socket(LocalAddress.Any.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(LocalAddress.Any, port));
        listener.Listen(128);
        new WorkloadReport(WorkloadReport.Now, "listening", Local: listener.LocalEndPoint!.ToString()).Print();
        _ = AcceptAsync(listener);

        await terminated.Task;
        if (ExitsAtOnce)
            await ExitAsync();
        _drains = true;
        if (ClosesListener)
            listener.Close();
        await UntilEmptyAsync(DrainTimeout);
        foreach (var (socket, conversation) in _conversations)
            conversation.Locked(() => socket.Shutdown(SocketShutdown.Send)); // idle ones: half-close, the client closes
        await UntilEmptyAsync(HalfCloseTimeout);
        return 0;
    }

    /// <summary>Sends a segment beyond the window on the connection from this client, or on a random one if null.</summary>
    public async Task SendBadSegmentAsync(string? client)
    {
        var chosen = _conversations.Where(pair => client is null || EndsOf(pair.Key)?.Remote.ToString() == client)
            .OrderBy(_ => Random.Shared.Next()).FirstOrDefault();
        if (chosen.Key is not { } socket)
            return;
        if (EndsOf(socket) is not var (local, remote))
            return;
        int? resets = null;
        try
        {
            using var segment = new BadSegment(local, remote);
            // Reported before it is sent: the client's own report of the consequences must not come first.
            Report("invalid-sending");
            await Task.Delay(50);
            chosen.Value.Locked(() =>
            {
                segment.Send(TcpRepair.Read(socket));
                resets = 0;
            });
            if (resets is not null)
                resets = await segment.CountResetsAsync(TimeSpan.FromSeconds(1));
        }
        catch (SocketException)
        {
            // The connection ended meanwhile.
        }

        Report("invalid-segment");

        void Report(string name) => new WorkloadReport(
            WorkloadReport.Now, name, Local: local.ToString(), Remote: remote.ToString(), Resets: resets).Print();
    }

    private async Task AcceptAsync(Socket listener)
    {
        while (true)
        {
            Socket socket;
            try
            {
                socket = await listener.AcceptAsync();
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                return; // It drains.
            }

            socket.NoDelay = true;
            var conversation = new Conversation();
            _conversations[socket] = conversation;
            _ = Task.Run(() => ConverseAsync(socket, conversation));
            if (PushInterval is { } interval)
                _ = Task.Run(() => PushAsync(socket, conversation, interval));
        }
    }

    private async Task ConverseAsync(Socket socket, Conversation conversation)
    {
        byte[] buffer = new byte[256];
        string me = socket.LocalEndPoint!.ToString()!, peer = socket.RemoteEndPoint!.ToString()!;
        try
        {
            while (true)
            {
                await socket.ReceiveAsync(Memory<byte>.Empty); // Data has arrived; it may no longer be ours to read.
                if (_stopsReading)
                    return;
                int length = await socket.ReceiveAsync(buffer);
                if (length == 0)
                    break;
                byte[] answer = Encoding.ASCII.GetBytes($"OK {me}{(_drains ? " close" : "")}\n");
                for (int lines = buffer.AsSpan(0, length).Count((byte)'\n'); lines > 0; lines--)
                    conversation.Locked(() => socket.Send(answer));
                if (ClosesAfterAnswer)
                    break;
            }
        }
        catch (SocketException e)
        {
            // Reset by the client. It reports its own aborts, but does not know of a reset by its kernel.
            if (e.SocketErrorCode == SocketError.ConnectionReset)
                new WorkloadReport(WorkloadReport.Now, "reset-by-client", Local: me, Remote: peer).Print();
        }
        finally
        {
            if (!_stopsReading)
            {
                _conversations.TryRemove(socket, out _);
                conversation.Locked(socket.Dispose);
            }
        }
    }

    private async Task PushAsync(Socket socket, Conversation conversation, TimeSpan interval)
    {
        byte[] line = Encoding.ASCII.GetBytes($"OK {socket.LocalEndPoint}\n");
        using var timer = new PeriodicTimer(interval);
        try
        {
            do
            {
                if (!_conversations.ContainsKey(socket))
                    return;
                conversation.Locked(() => socket.Send(line));
            }
            while (await timer.WaitForNextTickAsync());
        }
        catch (SocketException)
        {
            // Reset: the other loop reports it.
        }
    }

    // Behaviour of an application without a SIGTERM handler: it exits in the middle of its requests. The kernel resets every
    // connection if its socket is closed with unread data.
    private async Task ExitAsync()
    {
        _stopsReading = true;
        for (int wait = 0; wait < 70 && !_conversations.Keys.All(HasUnread); wait++)
            await Task.Delay(10);
        new WorkloadReport(WorkloadReport.Now, "exiting", Detail: $"{_conversations.Keys.Count(HasUnread)} connections with unread requests").Print();
        await Console.Out.FlushAsync();
        ProcessCalls.Exit(128 + ProcessCalls.SIGTERM);
    }

    private static (IPEndPoint Local, IPEndPoint Remote)? EndsOf(Socket socket)
    {
        try
        {
            return ((IPEndPoint)socket.LocalEndPoint!, (IPEndPoint)socket.RemoteEndPoint!);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            return null;
        }
    }

    private static bool HasUnread(Socket socket)
    {
        try
        {
            return socket.Available > 0;
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            return true; // It has already ended.
        }
    }

    private async Task UntilEmptyAsync(TimeSpan timeout)
    {
        var end = DateTime.UtcNow + timeout;
        while (!_conversations.IsEmpty && DateTime.UtcNow < end)
            await Task.Delay(20);
    }

    /// <summary>Serializes the reading of a connection's sequence numbers with its sending and closing.</summary>
    private sealed class Conversation
    {
        public void Locked(Action work)
        {
            lock (this)
            {
                try
                {
                    work();
                }
                catch (ObjectDisposedException)
                {
                }
            }
        }
    }
}
