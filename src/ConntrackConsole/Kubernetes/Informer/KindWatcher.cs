using System.Text.Json;
using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Cluster.State;
using ConntrackConsole.Kubernetes.Client;
using ConntrackConsole.Kubernetes.Parsing;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Kubernetes.Informer;

/// <summary>
/// Keeps one kind of <see cref="ClusterState"/> current: lists, then watches from the list's version; objects deleted in
/// between are found by comparing with the next list.
/// </summary>
internal sealed partial class KindWatcher(WatchedKind kind, ClusterClient client, ClusterState state, WatchOptions options, TimeProvider time, ILogger log, Action opened)
{
    private readonly Backoff _backoff = options.NewBackoff();
    // Apart from failures: a server that ends or expires each new watch has accepted it before.
    private readonly Backoff _reopening = options.NewBackoff();
    private string? _version;
    private int _failures;
    private int _expirations;
    private string? _logged;
    private long _watchingSinceMs;

    public WatchedKind Kind => kind;

    /// <summary>True while a watch is open that was opened at or before a time.</summary>
    public bool WatchedAt(long ms) => Volatile.Read(ref _watchingSinceMs) is var since and not 0 && since <= ms;

    public async Task RunAsync(CancellationToken ct)
    {
        while (!ct.IsCancellationRequested)
        {
            TimeSpan wait;
            // Taken before the request, so that a recovery during it is not missed.
            Task? recovered = client.Availability.Recovered;
            try
            {
                if (_version is null)
                    await ListAsync(ct);
                long openedMs = await WatchAsync(ct);
                // The server ends watches regularly; back off if it ends them immediately.
                wait = NowMs - openedMs < 1_000 ? _reopening.Next(options.MinBackoff / 5) : TimeSpan.Zero;
                if (wait == TimeSpan.Zero)
                    _reopening.Reset();
            }
            catch (WatchExpiredException)
            {
                _version = null;
                LogExpired(kind.Name);
                // Every watch expires after a restart of the server: list at once the first time, back off if it repeats.
                wait = _expirations++ == 0 ? TimeSpan.Zero : _reopening.Next(options.MinBackoff / 10);
                recovered = null;
            }
            catch (Exception e) when (ClusterClient.IsRequestFailure(e, ct))
            {
                wait = OnFailure(e);
                // Only a failed connection ends with the server's recovery; a refusal does not.
                if (e is ApiServerException)
                    recovered = null;
            }
            finally
            {
                Volatile.Write(ref _watchingSinceMs, 0);
            }

            if (wait > TimeSpan.Zero)
                await WaitAsync(wait, recovered, ct);
        }
    }

    private async Task WaitAsync(TimeSpan wait, Task? recovered, CancellationToken ct)
    {
        using var waiting = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var delay = Task.Delay(wait, time, waiting.Token);
        await Task.WhenAny(delay, recovered ?? delay);
        await waiting.CancelAsync();
        ct.ThrowIfCancellationRequested();
    }

    private async Task ListAsync(CancellationToken ct)
    {
        int count = 0;
        var (uids, listed) = await client.Reader.ListAsync(kind, Apply, Skipped, ct);
        var missing = kind.Missing(state.Current, uids).ToList();
        if (missing.Count > 0)
            state.Apply(missing, listed: true);
        state.Listed(kind, uids);
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
        await foreach (var (next, change) in client.Reader.WatchAsync(kind, _version!, Opened, Skipped, ct))
        {
            if (change is not null)
                state.Apply([change]);
            if (!string.IsNullOrEmpty(next))
                state.Followed(kind, _version = next);
            _reopening.Reset();
            _expirations = 0;
        }

        return openedMs;

        void Opened()
        {
            _failures = 0;
            _backoff.Reset();
            _logged = null;
            client.Availability.Answered();
            Volatile.Write(ref _watchingSinceMs, openedMs = NowMs);
            state.SetProblem(kind, null);
            opened();
        }
    }

    private TimeSpan OnFailure(Exception e)
    {
        // The content of a line that is not JSON is unknown: list again.
        if (e is JsonException)
            _version = null;
        _failures++;
        var refusal = e as ApiServerException;
        client.Availability.Failed(e);
        string problem = client.Explain(e);
        // A single broken connection does not raise a banner: it is reopened within half a second.
        if (refusal is not null || _failures > 1)
            state.SetProblem(kind, problem);
        // A missing permission is logged once, not at every retry.
        if (problem != _logged)
            LogProblem(kind.Name, problem);
        _logged = problem;
        client.Renew(e);
        if (client.Availability.IsStarting(e))
            return _backoff.Jittered(options.MinBackoff);
        if (refusal is { IsPersistent: true } && !kind.IsCore)
            return _backoff.Jittered(options.ForbiddenRetryInterval);
        var wait = _backoff.Next();
        return refusal?.RetryAfter > wait ? refusal.RetryAfter.Value : wait;
    }

    private void Skipped()
    {
        state.Skipped(kind);
        LogSkipped(kind.Name, options.MaxBytes / (1024 * 1024));
    }

    private long NowMs => time.GetUtcNow().ToUnixTimeMilliseconds();

    [LoggerMessage(Level = LogLevel.Information, Message = "Listed {Count} {Kind}.")]
    private partial void LogListed(string kind, int count);

    [LoggerMessage(Level = LogLevel.Information, Message = "The watch of {Kind} expired; listing again.")]
    private partial void LogExpired(string kind);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The watch of {Kind} failed: {Problem}")]
    private partial void LogProblem(string kind, string problem);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Skipped an object of {Kind}: it is larger than {MiB} MiB or cannot be parsed.")]
    private partial void LogSkipped(string kind, int miB);
}
