using System.Buffers;
using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Threading.Channels;
using ConntrackConsole.Wire;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace ConntrackConsole.Tests.Integration;

/// <summary>A collector's side of the hub, over a real connection.</summary>
public sealed class TestCollector : IAsyncDisposable
{
    private readonly HubConnection _hub;
    private readonly Channel<byte[]> _frames = Channel.CreateUnbounded<byte[]>();
    private readonly string _node;
    private Task _stream = Task.CompletedTask;

    /// <param name="token">The console's token, from which the node's secret is derived; null: no secret is presented.</param>
    /// <param name="secretOf">Presents this node's secret instead of its own.</param>
    /// <param name="clusterToken">Presents this token of a service account instead of a secret.</param>
    public TestCollector(string node, string url, string? token, string? socket = null, string? secretOf = null, string? clusterToken = null)
    {
        _node = node;
        secretOf ??= node;
        var builder = new HubConnectionBuilder().WithUrl(url + HubMethods.Path, options =>
        {
            if (token is not null || clusterToken is not null)
            {
                options.Headers["Authorization"] = NodeSecret.Scheme + (clusterToken ?? NodeSecret.Of(token!, secretOf));
                options.Headers[NodeSecret.Header] = secretOf;
            }

            if (socket is not null)
            {
                var handler = new SocketsHttpHandler { ConnectCallback = async (_, ct) => new NetworkStream(await ConnectAsync(socket, ct), true) };
                options.HttpMessageHandlerFactory = _ => handler;
                options.WebSocketFactory = async (context, ct) =>
                {
                    var webSocket = new System.Net.WebSockets.ClientWebSocket();
                    foreach (var (name, value) in context.Options.Headers)
                        webSocket.Options.SetRequestHeader(name, value);
                    await webSocket.ConnectAsync(context.Uri, new HttpMessageInvoker(handler, false), ct);
                    return webSocket;
                };
            }
        });
        builder.Services.Configure<JsonHubProtocolOptions>(json => json.PayloadSerializerOptions.TypeInfoResolverChain.Insert(0, WireJson.Default));
        _hub = builder.Build();
        _hub.On<WatchList>(HubMethods.Watch, list => Watched = list);
        _hub.On<StoredRanges>(HubMethods.Stored, Stored.Enqueue);
        _hub.On<PreviewRequest, FlushPreview>(HubMethods.Preview, request =>
        {
            Previews.Add(request);
            return Preview(request);
        });
        _hub.On<SettingRequest, SettingReading>(HubMethods.ReadSetting, request => ReadSetting(request));
        _hub.On<SettingNodeCommand, SettingResult>(HubMethods.ApplySetting, order =>
        {
            Orders.Enqueue(order);
            return ApplySetting(order);
        });
        _hub.On<RevertNodeCommand, SettingResult>(HubMethods.RevertSetting, order =>
        {
            Orders.Enqueue(order);
            return RevertSetting(order);
        });
        _hub.On<RecallRequest, RecallAnswer>(HubMethods.Recall, request => Recall(request));
        _hub.On<FlushOutcomeRequest, FlushOutcomeSample>(HubMethods.FlushOutcome, request => Outcome(request));
        _hub.On<FlushNodeCommand, FlushResult>(HubMethods.Flush, request =>
        {
            Flushes.Add(request);
            return Flush(request);
        });
    }

    /// <summary>Every ordered change and revert, in order of arrival.</summary>
    public ConcurrentQueue<object> Orders { get; } = [];

    public Func<SettingRequest, SettingReading> ReadSetting { get; set; } = _ => throw new InvalidOperationException("no setting here");

    public Func<SettingNodeCommand, SettingResult> ApplySetting { get; set; } = _ => throw new InvalidOperationException("no setting here");

    public Func<RevertNodeCommand, SettingResult> RevertSetting { get; set; } = _ => throw new InvalidOperationException("no setting here");

    public Func<RecallRequest, RecallAnswer> Recall { get; set; } = _ => throw new InvalidOperationException("no memory here");

    public Func<FlushOutcomeRequest, FlushOutcomeSample> Outcome { get; set; } = _ => throw new InvalidOperationException("no outcome here");

    public IReadOnlyList<Capability> Capabilities { get; set; } = [new("commands.settings", true, ""), new("commands.filter", true, ""), new("commands.ipvs", true, "")];

    public Task<long> ReportAsync(JournalReport report) => _hub.InvokeAsync<long>(HubMethods.Journal, report, TestContext.Current.CancellationToken);

    /// <summary>The last watch list from the console, or null.</summary>
    public WatchList? Watched { get; private set; }

    /// <summary>The console's acknowledgements, in order of arrival.</summary>
    public ConcurrentQueue<StoredRanges> Stored { get; } = [];

    /// <summary>The acknowledged frame numbers of a run.</summary>
    public HashSet<ulong> StoredOf(long run) =>
    [
        .. from stored in Stored
           where stored.StartedAtMs == run
           from range in stored.Ranges
           from number in Enumerable.Range((int)range.From, (int)(range.To - range.From) + 1)
           select (ulong)number,
    ];

    public List<PreviewRequest> Previews { get; } = [];

    public List<FlushNodeCommand> Flushes { get; } = [];

    public Func<PreviewRequest, FlushPreview> Preview { get; set; } = _ => throw new InvalidOperationException("no preview here");

    public Func<FlushNodeCommand, FlushResult> Flush { get; set; } = _ => throw new InvalidOperationException("no flush here");

    public bool IsConnected => _hub.State == HubConnectionState.Connected;

    public async Task<Welcome> ConnectAsync(long startedAtMs = 1)
    {
        await _hub.StartAsync(TestContext.Current.CancellationToken);
        var welcome = await _hub.InvokeAsync<Welcome>(HubMethods.Hello, Timeline.Frames.Hello(_node, startedAtMs) with { Capabilities = Capabilities }, TestContext.Current.CancellationToken);
        if (welcome.Accepted)
            _stream = _hub.SendAsync(HubMethods.Frames, _frames.Reader, TestContext.Current.CancellationToken);
        return welcome;
    }

    internal void Send(NodeFrame frame) => Send(Encoded(frame));

    /// <summary>Sends late frames; completes when the console has received them.</summary>
    internal Task BackfillAsync(long run, params NodeFrame[] frames) => BackfillAsync(run, [.. frames.Select(Encoded)]);

    public Task BackfillAsync(long run, params byte[][] frames)
    {
        var late = Channel.CreateUnbounded<byte[]>();
        foreach (byte[] frame in frames)
            late.Writer.TryWrite(frame);
        late.Writer.Complete();
        return _hub.InvokeAsync(HubMethods.Backfill, run, late.Reader, TestContext.Current.CancellationToken);
    }

    public Task<long> ClockAsync() => _hub.InvokeAsync<long>(HubMethods.Clock, TestContext.Current.CancellationToken);

    private static byte[] Encoded(NodeFrame frame)
    {
        var bytes = new ArrayBufferWriter<byte>();
        NodeFrameCodec.Write(frame, bytes);
        return bytes.WrittenSpan.ToArray();
    }

    public void Send(byte[] bytes) => _frames.Writer.TryWrite(bytes);

    /// <summary>The connection breaks; the collector may reconnect as another one.</summary>
    public Task BreakAsync() => _hub.StopAsync(TestContext.Current.CancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _stream;
        await _hub.DisposeAsync();
    }

    private static async Task<Socket> ConnectAsync(string path, CancellationToken ct)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), ct);
        return socket;
    }
}
