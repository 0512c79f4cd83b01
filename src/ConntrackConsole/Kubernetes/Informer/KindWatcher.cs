using System.Text.Json;
using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Cluster.State;
using ConntrackConsole.Kubernetes.Client;
using ConntrackConsole.Kubernetes.Parsing;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Kubernetes.Informer;

/// <summary>
/// Keeps one kind of <see cref="ClusterState"/> true: list, then watch from its version; what went in the meantime is the
/// difference to the next list.
/// </summary>
internal sealed partial class KindWatcher(WatchedKind kind, ClusterClient link, ClusterState state, WatchOptions pace, TimeProvider time, ILogger log, Action opened)
{
    private readonly Backoff _backoff = pace.NewBackoff();
    private string? _version;
    private int _failures;
    private string? _logged;
    private long _watchingSinceMs;

    public WatchedKind Kind => kind;

    /// <summary>True while a watch is open that was opened before a moment.</summary>
    public bool WatchedAt(long ms) => Volatile.Read(ref _watchingSinceMs) is var since and not 0 && since <= ms;

    public async Task FollowAsync(CancellationToken ct)
    {
        while (!ct.IsCancellationRequested)
        {
            TimeSpan wait;
            try
            {
                if (_version is null)
                    await ListAsync(ct);
                long openedMs = await WatchAsync(ct);
                // Ended by the server, as it should from time to time; one that ends every watch at once is not to be flooded.
                wait = NowMs - openedMs < 1_000 ? _backoff.Next(pace.FirstWait / 5) : TimeSpan.Zero;
                if (wait == TimeSpan.Zero)
                    _backoff.Reset();
            }
            catch (WatchExpiredException)
            {
                _version = null;
                LogGone(kind.Name);
                // At once the first time; a server that says so again and again is not to be flooded.
                wait = _backoff.Next(pace.FirstWait / 10);
            }
            catch (Exception e) when (ClusterClient.IsTrouble(e, ct))
            {
                wait = Trouble(e);
            }
            finally
            {
                Volatile.Write(ref _watchingSinceMs, 0);
            }

            if (wait > TimeSpan.Zero)
                await Task.Delay(wait, time, ct);
        }
    }

    private async Task ListAsync(CancellationToken ct)
    {
        int count = 0;
        var (uids, listed) = await link.Reader.ListAsync(kind, Apply, Skipped, ct);
        var missing = kind.Missing(state.Current, uids).ToList();
        if (missing.Count > 0)
            state.Apply(missing, listed: true);
        state.Followed(kind, _version = listed);
        LogListed(kind.Name, count);

        void Apply(List<ClusterChange> changes)
        {
            count += changes.Count;
            state.Apply(changes, listed: true);
        }
    }

    private async Task<long> WatchAsync(CancellationToken ct)
    {
        long openedMs = NowMs;
        await foreach (var (next, change) in link.Reader.WatchAsync(kind, _version!, Opened, Skipped, ct))
        {
            if (change is not null)
                state.Apply([change]);
            if (!string.IsNullOrEmpty(next))
                state.Followed(kind, _version = next);
            _backoff.Reset();
        }

        return openedMs;

        void Opened()
        {
            _failures = 0;
            _logged = null;
            Volatile.Write(ref _watchingSinceMs, openedMs = NowMs);
            state.Trouble(kind, null);
            opened();
        }
    }

    private TimeSpan Trouble(Exception e)
    {
        // What would have been told by something that is no JSON is not known.
        if (e is JsonException)
            _version = null;
        _failures++;
        var refusal = e as ApiServerException;
        string sentence = ClusterClient.Sentence(e);
        // A connection that breaks once is not worth a banner: it is back in half a second.
        if (refusal is not null || _failures > 1)
            state.Trouble(kind, sentence);
        // A right that is missing is said once, not every half minute.
        if (sentence != _logged)
            LogTrouble(kind.Name, sentence);
        _logged = sentence;
        link.Renew(e);
        if (refusal is { Lasting: true } && !kind.Core)
            return pace.RefusedWait * (1 - (pace.Random.NextDouble() / 2));
        var wait = _backoff.Next();
        return refusal?.RetryAfter > wait ? refusal.RetryAfter.Value : wait;
    }

    private void Skipped()
    {
        state.Skipped(kind);
        LogSkipped(kind.Name, pace.MostBytes / (1024 * 1024));
    }

    private long NowMs => time.GetUtcNow().ToUnixTimeMilliseconds();

    [LoggerMessage(Level = LogLevel.Information, Message = "Listed {Count} {Kind}.")]
    private partial void LogListed(string kind, int count);

    [LoggerMessage(Level = LogLevel.Information, Message = "The watch of {Kind} is too old: listing again.")]
    private partial void LogGone(string kind);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Watching {Kind}: {Sentence}")]
    private partial void LogTrouble(string kind, string sentence);

    [LoggerMessage(Level = LogLevel.Warning, Message = "One of the {Kind} is larger than {MiB} MiB or cannot be read: left out.")]
    private partial void LogSkipped(string kind, int miB);
}
