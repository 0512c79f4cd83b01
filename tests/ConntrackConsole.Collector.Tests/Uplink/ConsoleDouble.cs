using System.Collections.Concurrent;
using System.Net;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using ConntrackConsole.Kernel.Namespaces;
using ConntrackConsole.Wire;
using Xunit;

namespace ConntrackConsole.Collector.Tests.Uplink;

/// <summary>
/// A console that speaks SignalR's JSON protocol as bytes on the loopback of a namespace, so that it can also send what no
/// console would.
/// </summary>
internal sealed class ConsoleDouble : IAsyncDisposable
{
    private const char End = '\u001e';

    private readonly HttpListener _listener = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<string, TaskCompletionSource<JsonNode>> _asked = [];
    private readonly SemaphoreSlim _sending = new(1);
    private readonly Task _serving;
    private volatile WebSocket? _socket;
    private int _count;

    public ConsoleDouble(NetworkNamespace inside, int port)
    {
        Address = $"http://127.0.0.1:{port}";
        _listener.Prefixes.Add(Address + "/");
        inside.Run(_listener.Start);
        _serving = Task.Run(ServeAsync);
    }

    public string Address { get; }

    /// <summary>The reports of the collector.</summary>
    public BlockingCollection<JournalReport> Reports { get; } = [];

    /// <summary>
    /// Answers a report with the number up to which it is stored; null = like a console that does not know the method.
    /// </summary>
    public Func<JournalReport, long?> Write { get; set; } = report => report.Entries[^1].Number;

    /// <summary>The answer to an introduction; by default that of a console without codes.</summary>
    public string Welcome { get; init; } = """{"accepted":true,"refusal":null}""";

    public Task<TAnswer> AskAsync<TAsked, TAnswer>(string method, TAsked asked) => AskRawAsync<TAnswer>(method, JsonSerializer.Serialize(asked, typeof(TAsked), WireJson.Default));

    /// <exception cref="InvalidOperationException">The collector answered with an error.</exception>
    public async Task<TAnswer> AskRawAsync<TAnswer>(string method, string json)
    {
        string id = "s" + Interlocked.Increment(ref _count);
        var answer = _asked[id] = new TaskCompletionSource<JsonNode>(TaskCreationOptions.RunContinuationsAsynchronously);
        await Eventually.TrueAsync(() => _socket is not null);
        await SendAsync($$"""{"type":1,"invocationId":"{{id}}","target":"{{method}}","arguments":[ {{json}} ] }""");
        var message = await answer.Task.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        return message["error"] is { } error
            ? throw new InvalidOperationException(error.GetValue<string>())
            : (TAnswer)message["result"].Deserialize(typeof(TAnswer), WireJson.Default)!;
    }

    /// <summary>Aborts the connection like a network failure.</summary>
    public void Cut() => _socket?.Abort();

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _socket?.Abort();
        _listener.Close();
        await _serving;
        _stop.Dispose();
        _sending.Dispose();
        Reports.Dispose();
    }

    private async Task ServeAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                var context = await _listener.GetContextAsync();
                using var socket = (await context.AcceptWebSocketAsync(null)).WebSocket;
                await TalkAsync(socket);
            }
            catch (Exception failure) when (failure is HttpListenerException or WebSocketException or OperationCanceledException or ObjectDisposedException or InvalidOperationException)
            {
                // The connection, or the test, is over.
            }

            _socket = null;
        }
    }

    private async Task TalkAsync(WebSocket socket)
    {
        byte[] buffer = new byte[1 << 16];
        var text = new StringBuilder();
        while (await socket.ReceiveAsync(buffer, _stop.Token) is { MessageType: not WebSocketMessageType.Close } part)
        {
            text.Append(Encoding.UTF8.GetString(buffer, 0, part.Count));
            string[] messages = text.ToString().Split(End);
            text.Clear().Append(messages[^1]);
            foreach (string message in messages[..^1])
                await HearAsync(socket, JsonNode.Parse(message)!);
        }
    }

    private async Task HearAsync(WebSocket socket, JsonNode message)
    {
        string? id = message["invocationId"]?.GetValue<string>();
        switch (message["type"]?.GetValue<int>())
        {
            case null: // the handshake
                await SendAsync("{}", socket);
                break;
            case 1 when message["target"]!.GetValue<string>() == HubMethods.Hello:
                await SendAsync($$"""{"type":3,"invocationId":"{{id}}","result":{{Welcome}} }""", socket);
                _socket = socket;
                break;
            case 1 when message["target"]!.GetValue<string>() == HubMethods.Clock:
                await SendAsync($$"""{"type":3,"invocationId":"{{id}}","result":{{DateTimeOffset.UtcNow.ToUnixTimeMilliseconds()}} }""", socket);
                break;
            case 1 when message["target"]!.GetValue<string>() == HubMethods.Journal:
                var report = (JournalReport)message["arguments"]![0].Deserialize(typeof(JournalReport), WireJson.Default)!;
                long? stored = Write(report); // Before the test sees the report: it may then change the answer, for the next one.
                Reports.Add(report);
                await SendAsync(
                    stored is { } number
                        ? $$"""{"type":3,"invocationId":"{{id}}","result":{{number}} }"""
                        : $$"""{"type":3,"invocationId":"{{id}}","error":"Unknown hub method 'Journal'"}""",
                    socket);
                break;
            case 3 when _asked.TryRemove(id!, out var asked):
                asked.TrySetResult(message);
                break;
        }
    }

    private async Task SendAsync(string message, WebSocket? socket = null)
    {
        await _sending.WaitAsync();
        try
        {
            await (socket ?? _socket!).SendAsync(Encoding.UTF8.GetBytes(message + End), WebSocketMessageType.Text, endOfMessage: true, _stop.Token);
        }
        finally
        {
            _sending.Release();
        }
    }
}
