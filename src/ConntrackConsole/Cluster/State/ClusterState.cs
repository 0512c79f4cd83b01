using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Kubernetes.Parsing;
using ConntrackConsole.Lifecycle;
using ConntrackConsole.Ownership;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Cluster.State;

/// <summary>The current <see cref="ClusterMap"/>, its age, and the observed pod terminations. One writer: the informer.</summary>
internal sealed class ClusterState(TimeProvider time, TerminationLog? terminations = null, OwnershipHistory? history = null)
{
    private const long SaveLagMs = 2_000;

    private readonly Lock _writing = new();
    private readonly TerminationLog _terminations = terminations ?? new TerminationLog(new RolloutLog());
    private volatile ClusterMap _current = ClusterMap.Empty;
    private readonly WatchStatusRegistry _kinds = new();
    private string? _problem = "The console has not listed the cluster yet.";

    // Until when all terminations of an earlier run are saved: they are written on another timer than the watch time.
    private long PreviousRunMs => Math.Max(0, History.WatchedUntilMs - SaveLagMs);

    public ClusterMap Current => _current;

    /// <summary>False if no cluster is configured: addresses then have no names, and nothing can be flushed.</summary>
    public bool HasCluster { get; private set; }

    /// <summary>True once every kind that guards depend on was listed.</summary>
    public bool IsReady { get; private set; }

    /// <summary>
    /// How long ago the state was last confirmed as current, by the oldest of the kinds that guards depend on;
    /// <see cref="TimeSpan.MaxValue"/> before the first list.
    /// </summary>
    public TimeSpan Age => _kinds.OldestCoreMs is var at and not 0
        ? TimeSpan.FromMilliseconds(Math.Max(0, time.GetUtcNow().ToUnixTimeMilliseconds() - at))
        : TimeSpan.MaxValue;

    /// <summary>The text of the banner; null if there is no problem. Problems of kinds that no guard needs are in <see cref="Kinds"/>.</summary>
    public string? Problem => _kinds.CoreProblem ?? Volatile.Read(ref _problem);

    public IReadOnlyList<Termination> Terminations => _terminations.Current;

    public IReadOnlyList<Rollout> Rollouts => _terminations.Rollouts.Current;

    /// <summary>Restarts of containers and sandboxes in pods that live on.</summary>
    public RestartLog Restarts => _terminations.Restarts;

    /// <summary>Former and current owners of addresses.</summary>
    public OwnershipHistory History { get; } = history ?? new OwnershipHistory();

    /// <summary>Which addresses changed.</summary>
    public AddressStamps Stamps { get; } = new();

    /// <summary>The status of each watched kind.</summary>
    public IReadOnlyList<KindStatus> Kinds => _kinds.Statuses(time.GetUtcNow().ToUnixTimeMilliseconds());

    /// <summary>Raised without payload on the writer's thread: read <see cref="Current"/> again.</summary>
    public event Action? Changed;

    /// <param name="listed">True if they come from a list and not from a watch: when they happened is unknown.</param>
    public void Apply(IEnumerable<ClusterChange> changes, bool listed = false)
    {
        lock (_writing)
        {
            long nowMs = time.GetUtcNow().ToUnixTimeMilliseconds();
            TimeRange? unwatched = listed || !IsReady ? UnwatchedUntil(nowMs) : null;
            var map = _current;
            var touched = new List<Ip>();
            bool all = false;
            foreach (var change in changes)
            {
                var next = change.ApplyTo(map, nowMs);
                _terminations.Follow(map, next, change, nowMs, unwatched);
                History.Follow(map, next, change, nowMs);
                if (AddressStamps.Touched(map, next, change) is { } addresses)
                    touched.AddRange(addresses);
                else
                    all = true;
                map = next;
            }

            _current = map;
            if (all)
                Stamps.TouchAll();
            else if (touched.Count > 0)
                Stamps.Touch(touched);
        }

        Changed?.Invoke();
    }

    /// <summary>Restores what an earlier run saved, so that a restart during an incident loses no former owner.</summary>
    public void Restore(IEnumerable<Termination> terminations, IEnumerable<Rollout>? rollouts = null)
    {
        lock (_writing)
        {
            _terminations.Rollouts.Restore(rollouts ?? []);
            var map = _current;
            foreach (var saved in terminations)
            {
                _terminations.Restore(saved);
                if (saved is not { DeletedMs: { } deletedMs, PodIp.IsNone: false })
                    continue;
                string name = $"{saved.Namespace}/{saved.Pod}";
                History.Restore(new OwnerSpan(saved.PodIp, saved.Uid, name, saved.Node, Math.Min(saved.DeletionRequestedMs, deletedMs), deletedMs)
                {
                    State = OwnerState.Terminating, Unseen = Unseen.Begin,
                });
                map = map.WithFormerOwner(new FormerOwner(saved.PodIp, saved.Uid, name, deletedMs));
            }

            _current = map;
            Stamps.TouchAll();
        }
    }

    /// <summary>Shows a cluster as it was at a moment: nothing watches it, all of it is known, and nothing of it changes.</summary>
    public void Show(ClusterMap map)
    {
        long nowMs = time.GetUtcNow().ToUnixTimeMilliseconds();
        foreach (var kind in WatchedKind.All)
        {
            _kinds.Followed(kind, "");
            _kinds.Confirm(kind, nowMs);
        }

        lock (_writing)
        {
            _current = map;
            Stamps.TouchAll();
        }

        (HasCluster, IsReady) = (true, true);
        Volatile.Write(ref _problem, null);
    }

    private TimeRange UnwatchedUntil(long nowMs) => new(IsReady ? _kinds.OldestCoreMs : PreviousRunMs, nowMs);

    public void Watching()
    {
        HasCluster = true;
        Changed?.Invoke();
    }

    /// <summary>Confirms that every kind was listed, or was still being watched, at <paramref name="atMs"/>.</summary>
    public void Confirm(long atMs) => Confirm(WatchedKind.All, atMs);

    /// <summary>Confirms that these kinds were listed, or were still being watched, at <paramref name="atMs"/>.</summary>
    public void Confirm(IReadOnlyList<WatchedKind> kinds, long atMs)
    {
        foreach (var kind in kinds)
            _kinds.Confirm(kind, atMs);
        bool first = !IsReady && _kinds.CoreConfirmed;
        if (first)
        {
            lock (_writing)
            {
                IReadOnlyList<PodInfo> known = [.. PlaceholderPod.Of(History.OpenOwners, _current), .. History.Unaddressed.Select(PlaceholderPod.Of)];
                // Before the history closes the endpoints of the earlier run: they name the Services of what is missing.
                _terminations.CloseMissing(_current, known, History.OpenServices(), PreviousRunMs, atMs);
                History.Begin(_current, atMs);
                _current = _current.WithClaimsSorted((one, other) => History.CompareClaims(one.Key, other.Key, atMs));
                // A pod that still has its object may have lost its address while no console was watching: only the history knows.
                _current = History.FormerOwners.Take(ClusterMap.MaxGone).Reverse().Aggregate(_current, (map, owner) => map.WithFormerOwner(owner));
            }

            // Before it: whoever sees that the cluster is listed must not read that it is not.
            Volatile.Write(ref _problem, null);
            IsReady = true;
            lock (_writing)
                Stamps.TouchAll();
        }

        if (IsReady)
            History.Watched(_kinds.OldestCoreMs);
        // A single watched kind does not resolve the problem.
        if ((IsReady && Interlocked.Exchange(ref _problem, null) is not null) || first)
            Changed?.Invoke();
    }

    /// <summary>A complete list of a kind was applied: a workload of an earlier run that it does not contain was deleted in between.</summary>
    public void Listed(WatchedKind kind, IReadOnlySet<string> uids)
    {
        if (kind.Workload is not { } workload)
            return;
        long nowMs = time.GetUtcNow().ToUnixTimeMilliseconds();
        lock (_writing)
            _terminations.Rollouts.CloseMissing(workload, uids, nowMs, UnwatchedUntil(nowMs));
    }

    /// <summary>Records that everything of a kind up to a version is applied.</summary>
    public void Followed(WatchedKind kind, string version) => _kinds.Followed(kind, version);

    /// <summary>Counts an object that was too large to be parsed.</summary>
    public void Skipped(WatchedKind kind) => _kinds.Skipped(kind);

    public void SetProblem(string problem)
    {
        if (Interlocked.Exchange(ref _problem, problem) != problem)
            Changed?.Invoke();
    }

    /// <summary>Sets why a kind is not watched; null when it is watched again.</summary>
    public void SetProblem(WatchedKind kind, string? problem)
    {
        if (_kinds.SetProblem(kind, problem))
            Changed?.Invoke();
    }
}
