using System.Threading.Channels;
using ConntrackConsole.Cluster.State;
using ConntrackConsole.Kubernetes.Client;
using ConntrackConsole.Kubernetes.Parsing;

namespace ConntrackConsole.Kubernetes.Informer;

/// <summary>
/// Keeps <see cref="ClusterState"/> current: a <see cref="KindWatcher"/> for each kind, and a ping every two seconds that
/// determines how old the state is. The official client has no informer.
/// </summary>
internal sealed partial class ClusterInformer(
    ClusterAccess access, ClusterState state, TimeProvider time, ILogger<ClusterInformer> log, WatchOptions? options = null) : BackgroundService
{
    private static readonly TimeSpan HeartbeatInterval = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan HeartbeatTimeout = TimeSpan.FromSeconds(3);

    private readonly WatchOptions _options = options ?? new WatchOptions();

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        state.SetProblem(access.Problem);
        if (!access.HasCluster)
            return;
        state.Watching();
        using var client = new ClusterClient(access, _options, time);
        var heartbeats = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
        using var timer = time.CreateTimer(_ => heartbeats.Writer.TryWrite(true), null, TimeSpan.Zero, HeartbeatInterval);
        var watchers = WatchedKind.All.Select(kind => new KindWatcher(kind, client, state, _options, time, log, Opened)).ToList();
        try
        {
            await Task.WhenAll(watchers.Select(f => f.RunAsync(stoppingToken)).Append(HeartbeatAsync(client, watchers, heartbeats.Reader, stoppingToken)));
        }
        catch (OperationCanceledException)
        {
            // Shutdown.
        }

        // The first state does not wait for the next heartbeat.
        void Opened()
        {
            if (!state.IsReady)
                heartbeats.Writer.TryWrite(true);
        }
    }

    /// <summary>An idle watch receives nothing for a minute: a successful ping in between proves that the server is reachable.</summary>
    private async Task HeartbeatAsync(ClusterClient client, IReadOnlyList<KindWatcher> watchers, ChannelReader<bool> heartbeats, CancellationToken ct)
    {
        await foreach (bool _ in heartbeats.ReadAllAsync(ct))
        {
            long sentMs = time.GetUtcNow().ToUnixTimeMilliseconds();
            var watched = watchers.Where(f => f.WatchedAt(sentMs)).ToList();
            using var timeout = new CancellationTokenSource(HeartbeatTimeout, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, timeout.Token);
            try
            {
                await client.Reader.PingAsync(either.Token);
                client.Availability.Answered();
                // Excludes kinds with a watch that broke during the ping.
                state.Confirm([.. watched.Where(f => f.WatchedAt(sentMs)).Select(f => f.Kind)], sentMs);
            }
            catch (Exception e) when (ClusterClient.IsRequestFailure(e, ct))
            {
                client.Availability.Failed(e);
                string problem = client.Explain(e);
                state.SetProblem(problem);
                LogProblem(problem);
                client.Renew(e);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Heartbeat failed: {Problem}")]
    private partial void LogProblem(string problem);
}
