using System.Text.Json;

namespace ConntrackConsole.Cluster;

/// <summary>
/// Keeps <see cref="ClusterState"/> true: list, then watch from its version; what went in the meantime is the difference
/// to the next list. The official client has no such thing.
/// </summary>
public sealed partial class ClusterInformer(
    ClusterAccess access, ClusterState state, TimeProvider time, ILogger<ClusterInformer> log) : BackgroundService
{
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan HeartbeatTimeout = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan LongestBackOff = TimeSpan.FromSeconds(15);

    // When each kind's watch was opened; 0 while it is not.
    private readonly long[] _watchingSince = new long[WatchedKind.All.Count];

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        state.Trouble(access.Problem);
        if (!access.HasCluster)
            return;
        state.Watching();
        using var client = access.Connect();
        var reader = new KubeReader(client);
        var loops = WatchedKind.All.Select((kind, index) => FollowAsync(reader, kind, index, stoppingToken));
        try
        {
            await Task.WhenAll(loops.Append(ConfirmAsync(reader, stoppingToken)));
        }
        catch (OperationCanceledException)
        {
            // The console ends.
        }
    }

    private async Task FollowAsync(KubeReader reader, WatchedKind kind, int index, CancellationToken ct)
    {
        string? version = null;
        var wait = TimeSpan.Zero;
        while (!ct.IsCancellationRequested)
        {
            try
            {
                if (version is null)
                {
                    var (changes, uids, listed) = await reader.ListAsync(kind, ct);
                    state.Apply(kind.Missing(state.Current, uids).Concat(changes).ToList());
                    version = listed;
                    LogListed(kind.Name, changes.Count);
                }

                await foreach (var (next, change) in reader.WatchAsync(kind, version, () => Volatile.Write(ref _watchingSince[index], NowMs), ct))
                {
                    if (change is not null)
                        state.Apply([change]);
                    version = next ?? version;
                    wait = TimeSpan.Zero;
                }

                // Ended by the server, as it should from time to time; one that ends every watch at once is not to be flooded.
                if (NowMs - Volatile.Read(ref _watchingSince[index]) < 1_000)
                    wait = await BackOffAsync(wait, first: TimeSpan.FromMilliseconds(100), ct);
            }
            catch (HistoryGone)
            {
                version = null;
                LogGone(kind.Name);
                // At once the first time; a server that says so again and again is not to be flooded.
                wait = await BackOffAsync(wait, first: TimeSpan.FromMilliseconds(50), ct);
            }
            catch (Exception e) when (IsTrouble(e, ct))
            {
                Volatile.Write(ref _watchingSince[index], 0);
                Tell(e, kind.Name);
                wait = await BackOffAsync(wait, first: TimeSpan.FromMilliseconds(500), ct);
            }
            finally
            {
                Volatile.Write(ref _watchingSince[index], 0);
            }
        }
    }

    /// <summary>An idle watch says nothing for a minute: an answered question in between proves that the server is there.</summary>
    private async Task ConfirmAsync(KubeReader reader, CancellationToken ct)
    {
        using var timer = new PeriodicTimer(Heartbeat, time);
        do
        {
            long askedMs = NowMs;
            bool watching = _watchingSince.Select((_, i) => Volatile.Read(ref _watchingSince[i])).All(since => since != 0 && since <= askedMs);
            using var timeout = new CancellationTokenSource(HeartbeatTimeout, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, timeout.Token);
            try
            {
                await reader.PingAsync(either.Token);
                if (watching)
                    state.Confirm(askedMs);
            }
            catch (Exception e) when (IsTrouble(e, ct))
            {
                Tell(e, "version");
            }
        }
        while (await timer.WaitForNextTickAsync(ct));
    }

    private void Tell(Exception e, string what)
    {
        string sentence = e is KubeRefusal
            ? e.Message
            : $"The cluster does not answer ({(e is OperationCanceledException ? "timeout" : e.Message.TrimEnd('.'))}): what is shown of pods and Services is old. Check the API server and the network.";
        state.Trouble(sentence);
        LogTrouble(what, sentence);
    }

    // A timeout of our own or of the HTTP client is trouble; the end of the program is not.
    private static bool IsTrouble(Exception e, CancellationToken ct) =>
        !ct.IsCancellationRequested && e is HttpRequestException or IOException or JsonException or KubeRefusal or HistoryGone or OperationCanceledException;

    private async Task<TimeSpan> BackOffAsync(TimeSpan wait, TimeSpan first, CancellationToken ct)
    {
        wait = wait == TimeSpan.Zero ? first : TimeSpan.FromTicks(Math.Min(wait.Ticks * 2, LongestBackOff.Ticks));
        await Task.Delay(wait, time, ct);
        return wait;
    }

    private long NowMs => time.GetUtcNow().ToUnixTimeMilliseconds();

    [LoggerMessage(Level = LogLevel.Information, Message = "Listed {Count} {Kind}.")]
    private partial void LogListed(string kind, int count);

    [LoggerMessage(Level = LogLevel.Information, Message = "The watch of {Kind} is too old: listing again.")]
    private partial void LogGone(string kind);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Watching {Kind}: {Sentence}")]
    private partial void LogTrouble(string kind, string sentence);
}
