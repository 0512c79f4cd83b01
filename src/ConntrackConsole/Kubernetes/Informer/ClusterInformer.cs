using System.Threading.Channels;
using ConntrackConsole.Cluster.State;
using ConntrackConsole.Kubernetes.Client;
using ConntrackConsole.Kubernetes.Parsing;

namespace ConntrackConsole.Kubernetes.Informer;

/// <summary>
/// Keeps <see cref="ClusterState"/> true: a <see cref="KindWatcher"/> for each kind, and a question every two seconds that
/// tells how old the picture is. The official client has no such thing.
/// </summary>
internal sealed partial class ClusterInformer(
    ClusterAccess access, ClusterState state, TimeProvider time, ILogger<ClusterInformer> log, WatchOptions? pace = null) : BackgroundService
{
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan HeartbeatTimeout = TimeSpan.FromSeconds(3);

    private readonly WatchOptions _pace = pace ?? new WatchOptions();

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        state.Trouble(access.Problem);
        if (!access.HasCluster)
            return;
        state.Watching();
        using var link = new ClusterClient(access, _pace, time);
        var questions = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
        using var timer = time.CreateTimer(_ => questions.Writer.TryWrite(true), null, TimeSpan.Zero, Heartbeat);
        var followers = WatchedKind.All.Select(kind => new KindWatcher(kind, link, state, _pace, time, log, Opened)).ToList();
        try
        {
            await Task.WhenAll(followers.Select(f => f.FollowAsync(stoppingToken)).Append(ConfirmAsync(link, followers, questions.Reader, stoppingToken)));
        }
        catch (OperationCanceledException)
        {
            // The console ends.
        }

        // The first picture need not wait for the next heartbeat.
        void Opened()
        {
            if (!state.IsReady)
                questions.Writer.TryWrite(true);
        }
    }

    /// <summary>An idle watch says nothing for a minute: an answered question in between proves that the server is there.</summary>
    private async Task ConfirmAsync(ClusterClient link, IReadOnlyList<KindWatcher> followers, ChannelReader<bool> questions, CancellationToken ct)
    {
        await foreach (bool _ in questions.ReadAllAsync(ct))
        {
            long askedMs = time.GetUtcNow().ToUnixTimeMilliseconds();
            var watched = followers.Where(f => f.WatchedAt(askedMs)).ToList();
            using var timeout = new CancellationTokenSource(HeartbeatTimeout, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, timeout.Token);
            try
            {
                await link.Reader.PingAsync(either.Token);
                // Not those whose watch broke while the question was under way.
                state.Confirm([.. watched.Where(f => f.WatchedAt(askedMs)).Select(f => f.Kind)], askedMs);
            }
            catch (Exception e) when (ClusterClient.IsTrouble(e, ct))
            {
                string sentence = ClusterClient.Sentence(e);
                state.Trouble(sentence);
                LogTrouble(sentence);
                link.Renew(e);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Asking for the version: {Sentence}")]
    private partial void LogTrouble(string sentence);
}
