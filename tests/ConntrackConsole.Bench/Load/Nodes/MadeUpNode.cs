using System.Buffers;
using System.Net.WebSockets;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Bench.Load.Nodes;

/// <summary>
/// A node's collector as the console sees it: one connection, and numbered frames that it keeps until they are acknowledged and sends
/// again after a reconnect.
/// </summary>
internal sealed class MadeUpNode(string name, long run, NodeTraffic traffic, LoadTotals totals)
{
    // As the collector's.
    private const int MaxWaiting = 64;
    private const int LatePerSecond = 200;
    private const int Burst = 20;

    private readonly Lock _lock = new();
    private readonly List<OutboxFrame> _outbox = [];
    private readonly List<int> _hashes = [];
    private readonly Queue<OutboxFrame> _waiting = new();
    private readonly List<SequenceRange> _ranges = [];
    private HubSocket? _socket;
    private int _connection;
    private ulong _sequence;
    private bool _sendsLive;
    private bool _sendsLate;
    private bool _isFirst = true;

    public string Name => name;

    public long Run => run;

    public ulong Made => _sequence;

    public long MadeBytes { get; private set; }

    public bool IsConnected => Volatile.Read(ref _socket) is not null;

    public int Unacknowledged
    {
        get
        {
            lock (_lock)
                return _outbox.Count;
        }
    }

    /// <summary>What it has made so far.</summary>
    public MadeFrames Frames
    {
        get
        {
            lock (_lock)
                return new MadeFrames(name, run, [.. _hashes], _outbox.Select(frame => frame.Sequence).ToHashSet());
        }
    }

    /// <summary>When the oldest frame that is not acknowledged was made; null: there is none.</summary>
    public long? OldestMs
    {
        get
        {
            lock (_lock)
                return _outbox.Count == 0 ? null : _outbox[0].MadeMs;
        }
    }

    /// <summary>Makes the frame of a second and sends it, if there is a connection.</summary>
    /// <param name="frame">Scratch.</param>
    /// <param name="buffer">Scratch.</param>
    public void Tick(long atMs, bool isMeasured, NodeFrame frame, ArrayBufferWriter<byte> buffer)
    {
        frame.Clear();
        buffer.ResetWrittenCount();
        bool sends, late;
        lock (_lock)
        {
            traffic.Fill(frame, ++_sequence, atMs, _isFirst);
            NodeFrameCodec.Write(frame, buffer);
            MadeBytes += buffer.WrittenCount;
            _hashes.Add(MadeFrames.HashOf(buffer.WrittenSpan));
            var made = OutboxFrame.Of(_sequence, Environment.TickCount64, isMeasured, buffer.WrittenSpan);
            _outbox.Add(made);
            _isFirst = false;
            if (_socket is null)
                return;
            if (_waiting.Count < MaxWaiting)
            {
                made.SentBy = _connection;
                _waiting.Enqueue(made);
            }

            sends = !_sendsLive;
            _sendsLive = true;
            late = !_sendsLate && _outbox[0].SentBy != _connection;
            _sendsLate |= late;
        }

        if (sends)
            _ = SendLiveAsync(_socket, _connection);
        if (late)
            _ = SendLateAsync(_socket, _connection);
    }

    /// <summary>Connects, and reads until the connection ends.</summary>
    /// <exception cref="IOException">No connection, or the console does not accept the node.</exception>
    public async Task ConnectAsync(string path, string token, Action connected, CancellationToken stop)
    {
        using var socket = await HubSocket.ConnectAsync(path, name, token, stop);
        bool isWelcome = false;
        string? refusal = null;
        var splitter = new MessageSplitter(message =>
        {
            if (HubMessages.IsStored(message))
                Stored(message);
            else if (HubMessages.IsWelcome(message))
                (isWelcome, refusal) = (true, HubMessages.Refusal(message));
        });
        try
        {
            await socket.SendAsync(HubMessages.Handshake, stop);
            await socket.SendAsync(HubMessages.Hello(name, run), stop);
            byte[] buffer = new byte[2048];
            while (await socket.ReceiveAsync(buffer, stop) is > 0 and var read)
            {
                splitter.Add(buffer.AsSpan(0, read));
                if (refusal is not null)
                    throw new IOException($"The console refuses {name}: {refusal}");
                if (!isWelcome)
                    continue;
                isWelcome = false;
                await socket.SendAsync(HubMessages.StartLive, stop);
                await socket.SendAsync(HubMessages.Clock, stop);
                Begin(socket);
                connected();
            }
        }
        catch (WebSocketException failure)
        {
            throw new IOException(failure.Message, failure);
        }
        finally
        {
            lock (_lock)
            {
                if (_socket == socket)
                    _socket = null;
            }
        }
    }

    // Not with the next frame only: there may be none.
    private void Begin(HubSocket socket)
    {
        int connection;
        bool late;
        lock (_lock)
        {
            _socket = socket;
            connection = ++_connection;
            _waiting.Clear();
            _isFirst = true;
            _sendsLive = false;
            late = _sendsLate = _outbox.Count > 0;
        }

        if (late)
            _ = SendLateAsync(socket, connection);
    }

    private void Stored(ReadOnlySpan<byte> message)
    {
        long now = Environment.TickCount64;
        lock (_lock)
        {
            if (HubMessages.ReadStored(message, _ranges) != run)
                return;
            _outbox.RemoveAll(frame =>
            {
                if (!_ranges.Exists(range => frame.Sequence >= range.From && frame.Sequence <= range.To))
                    return false;
                totals.Acknowledged(frame, now);
                return true;
            });
        }
    }

    private async Task SendLiveAsync(HubSocket socket, int connection)
    {
        while (true)
        {
            OutboxFrame? next;
            lock (_lock)
            {
                if (_connection != connection)
                    return;
                if (!_waiting.TryDequeue(out next))
                {
                    _sendsLive = false;
                    return;
                }
            }

            if (!await TrySendAsync(socket, next.Message(OutboxFrame.Live)))
                return;
        }
    }

    // Paced, and beside the new frames.
    private async Task SendLateAsync(HubSocket socket, int connection)
    {
        if (!await TrySendAsync(socket, System.Text.Encoding.UTF8.GetBytes(HubMessages.StartLate(run) + "\u001e")))
            return;
        while (true)
        {
            List<OutboxFrame> next;
            lock (_lock)
            {
                if (_connection != connection)
                    return;
                next = [.. _outbox.Where(frame => frame.SentBy != connection).Take(Burst)];
                foreach (var frame in next)
                    frame.SentBy = connection;
            }

            if (next.Count == 0)
                break;
            await Task.Delay(1_000 * Burst / LatePerSecond);
            foreach (var frame in next)
            {
                totals.Resent();
                if (!await TrySendAsync(socket, frame.Message(OutboxFrame.Late)))
                    return;
            }
        }

        if (!await TrySendAsync(socket, System.Text.Encoding.UTF8.GetBytes(HubMessages.EndLate + "\u001e")))
            return;
        lock (_lock)
        {
            if (_connection == connection)
                _sendsLate = false;
        }
    }

    // What a broken connection did not take is sent by the next.
    private static async ValueTask<bool> TrySendAsync(HubSocket socket, ReadOnlyMemory<byte> message)
    {
        try
        {
            await socket.SendAsync(message, CancellationToken.None);
            return true;
        }
        catch (Exception failure) when (failure is IOException or WebSocketException or ObjectDisposedException or OperationCanceledException or InvalidOperationException)
        {
            return false;
        }
    }
}
