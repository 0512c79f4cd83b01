using ConntrackConsole.Ingest.Journal;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Timeline.Storage;
using ConntrackConsole.Wire;
using Microsoft.AspNetCore.SignalR;

namespace ConntrackConsole.Ingest;

/// <summary>The hub that collectors connect to.</summary>
internal sealed partial class CollectorHub(
    CollectorRegistry registry, FrameInbox inbox, JournalInbox journals, TimelineStore timeline, TimelineReplay replay, TimeProvider time, ILogger<CollectorHub> log) : Hub
{
    [ThreadStatic]
    private static NodeFrame? t_checked;

    private const string NodeKey = "node";
    private const string RunKey = "run";

    /// <summary>The group of all collectors: what is sent to it is serialized once.</summary>
    internal const string Collectors = "collectors";

    public async Task<Welcome> Hello(Hello hello)
    {
        var (context, groups) = (Context, Groups);
        // After the start: its history is applied before its frames, in their order.
        if (CollectorIdentity.Of(context).Fault(hello) is null && NodeOf(hello) is { } introduced)
            await replay.WhenLoadedAsync(introduced, context.ConnectionAborted);
        // Before the registration: a registered collector misses no message to all.
        await groups.AddToGroupAsync(context.ConnectionId, Collectors);
        var welcome = context.Items.ContainsKey(NodeKey)
            ? Welcome.Refused(new Reason(CollectorErrorCodes.IntroducedTwice, "This connection has already sent its introduction."))
            : CollectorIdentity.Of(context).Fault(hello) is { } foreign ? Welcome.Refused(foreign)
            : registry.Register(hello, context.ConnectionId, context.Abort);
        if (welcome.Accepted)
        {
            context.Items[NodeKey] = hello.Node;
            context.Items[RunKey] = hello.StartedAtMs;
            timeline.Connected(hello);
            LogConnected(hello.Node, hello.Version, hello.Kernel);
        }
        else
        {
            LogRefused(welcome.Refusal!, welcome.Code!);
            if (!context.Items.ContainsKey(NodeKey))
                await groups.RemoveFromGroupAsync(context.ConnectionId, Collectors);
        }

        return welcome;
    }

    // What a collector sends may lack anything.
    private static string? NodeOf(Hello? hello) => hello?.Node;

    public long Clock() => time.GetUtcNow().ToUnixTimeMilliseconds();

    public async Task<long> Journal(JournalReport report)
    {
        var (context, stop) = (Context, Context.ConnectionAborted);
        return context.Items[NodeKey] is string node && registry.ConnectionOf(node) == context.ConnectionId
            ? await journals.PutAsync(node, report, stop)
            : 0;
    }

    public Task Frames(IAsyncEnumerable<byte[]> frames) => TakeAsync(frames, Context.Items[RunKey] as long? ?? 0, isLive: true);

    public Task Backfill(long startedAtMs, IAsyncEnumerable<byte[]> frames) => TakeAsync(frames, startedAtMs, isLive: false);

    private async Task TakeAsync(IAsyncEnumerable<byte[]> frames, long run, bool isLive)
    {
        if (Context.Items[NodeKey] is not string node || run <= 0)
        {
            Context.Abort();
            return;
        }

        var gone = Context.ConnectionAborted;
        try
        {
            await foreach (byte[] bytes in frames.WithCancellation(gone))
            {
                // The writer reads it again into a frame of its own: thousands of frames that wait would take far more memory than their bytes.
                if (!NodeFrameCodec.TryRead(bytes, t_checked ??= new NodeFrame(), out string? error))
                {
                    LogBadFrame(node, error!, FrameReasons.Unreadable);
                    timeline.BrokenFrame(node, $"{node}: the collector sent a frame that cannot be read. {error}");
                    // One bad frame in a spill must not block the live ones indefinitely.
                    if (!isLive)
                        continue;
                    Context.Abort();
                    return;
                }

                // A replaced connection may still hold frames in flight.
                if (registry.ConnectionOf(node) != Context.ConnectionId)
                    return;
                await inbox.PutAsync(new ReceivedFrame(node, run, bytes), gone);
            }
        }
        catch (Exception ended) when (ended is OperationCanceledException or HubException)
        {
            // The collector disconnected in mid-stream: the store shows its silence, there is nothing to report here.
        }
    }

    public override Task OnDisconnectedAsync(Exception? exception)
    {
        if (Context.Items[NodeKey] is string node && registry.Unregister(node, Context.ConnectionId))
        {
            timeline.Disconnected(node);
            LogDisconnected(node);
        }

        return Task.CompletedTask;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Collector of node {Node} connected (version {Version}, kernel {Kernel}).")]
    private partial void LogConnected(string node, string version, string kernel);

    [LoggerMessage(Level = LogLevel.Warning, Message = "A collector was rejected: {Sentence} [{Code}]")]
    private partial void LogRefused(string sentence, string code);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The connection of the collector of node {Node} was aborted: {Error} [{Code}]")]
    private partial void LogBadFrame(string node, string error, string code);

    [LoggerMessage(Level = LogLevel.Information, Message = "Collector of node {Node} disconnected.")]
    private partial void LogDisconnected(string node);
}
