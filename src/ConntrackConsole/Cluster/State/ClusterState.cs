using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Kubernetes.Parsing;
using ConntrackConsole.Lifecycle;
using ConntrackConsole.Ownership;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Cluster.State;

/// <summary>The present <see cref="ClusterMap"/>, how old it is, and the ends of pods that were seen. One writer: the informer.</summary>
public sealed class ClusterState(TimeProvider time, TerminationLog? terminations = null, OwnershipHistory? history = null)
{
    private const long SaveLagMs = 2_000;

    private readonly Lock _writing = new();
    private readonly TerminationLog _terminations = terminations ?? new TerminationLog(new RolloutLog());
    private volatile ClusterMap _current = ClusterMap.Empty;
    private readonly WatchStatusRegistry _kinds = new();
    private string? _problem = "The console has not heard from the cluster yet.";

    // Until when an earlier run's endings are surely saved: they are written by another beat than the mark of the watch.
    private long FormerRunMs => Math.Max(0, History.WatchedUntilMs - SaveLagMs);

    public ClusterMap Current => _current;

    /// <summary>False where no cluster is configured: addresses then have no names, and nothing can be flushed.</summary>
    public bool HasCluster { get; private set; }

    /// <summary>True once every kind that guards depend on was listed.</summary>
    public bool IsReady { get; private set; }

    /// <summary>
    /// How long ago the picture was last known to be true, by the oldest of the kinds that guards depend on;
    /// <see cref="TimeSpan.MaxValue"/> before the first list.
    /// </summary>
    public TimeSpan Age => _kinds.OldestCoreMs is var at and not 0
        ? TimeSpan.FromMilliseconds(Math.Max(0, time.GetUtcNow().ToUnixTimeMilliseconds() - at))
        : TimeSpan.MaxValue;

    /// <summary>The sentence for the banner, or null while all is well. What a kind that no guard needs lacks is in <see cref="Kinds"/>.</summary>
    public string? Problem => _kinds.CoreProblem ?? Volatile.Read(ref _problem);

    public IReadOnlyList<Termination> Terminations => _terminations.Current;

    public IReadOnlyList<Rollout> Rollouts => _terminations.Rollouts.Current;

    /// <summary>Names as they were.</summary>
    public OwnershipHistory History { get; } = history ?? new OwnershipHistory();

    /// <summary>One for each kind that is watched.</summary>
    public IReadOnlyList<KindStatus> Kinds => _kinds.Statuses(time.GetUtcNow().ToUnixTimeMilliseconds());

    /// <summary>A signal without payload, on the writer's thread: look again at <see cref="Current"/>.</summary>
    public event Action? Changed;

    /// <param name="listed">They come from a list and not from a watch: when they happened is not known.</param>
    public void Apply(IEnumerable<ClusterChange> changes, bool listed = false)
    {
        lock (_writing)
        {
            long nowMs = time.GetUtcNow().ToUnixTimeMilliseconds();
            TimeRange? unwatched = listed || !IsReady ? new TimeRange(IsReady ? _kinds.OldestCoreMs : FormerRunMs, nowMs) : null;
            var map = _current;
            foreach (var change in changes)
            {
                var next = change.ApplyTo(map, nowMs);
                _terminations.Follow(map, next, change, nowMs, unwatched);
                History.Follow(map, next, change, nowMs);
                map = next;
            }

            _current = map;
        }

        Changed?.Invoke();
    }

    /// <summary>What an earlier run of the console knew, so that a restart in an incident forgets no former owner.</summary>
    public void Remember(IEnumerable<Termination> terminations, IEnumerable<Rollout>? rollouts = null)
    {
        lock (_writing)
        {
            _terminations.Rollouts.Remember(rollouts ?? []);
            var map = _current;
            foreach (var past in terminations)
            {
                _terminations.Remember(past);
                if (past is not { DeletedMs: { } deletedMs, PodIp.IsNone: false })
                    continue;
                string name = $"{past.Namespace}/{past.Pod}";
                History.Remember(new OwnerSpan(past.PodIp, past.Uid, name, past.Node, Math.Min(past.AskedMs, deletedMs), deletedMs)
                {
                    State = OwnerState.Terminating, Unseen = Unseen.Begin,
                });
                map = map.Remembering(new FormerOwner(past.PodIp, past.Uid, name, deletedMs));
            }

            _current = map;
        }
    }

    /// <summary>Terminations and rollouts that changed since they were last taken.</summary>
    public (List<Termination> Terminations, List<Rollout> Rollouts) TakeUnsaved() =>
        (_terminations.TakeUnsaved(), _terminations.Rollouts.TakeUnsaved());

    /// <summary>They could not be written: next time again.</summary>
    public void KeepUnsaved(IEnumerable<Termination> terminations, IEnumerable<Rollout> rollouts)
    {
        _terminations.KeepUnsaved(terminations);
        _terminations.Rollouts.KeepUnsaved(rollouts);
    }

    public void Watching()
    {
        HasCluster = true;
        Changed?.Invoke();
    }

    /// <summary>Every kind was listed, or is still being followed, at <paramref name="atMs"/>.</summary>
    public void Confirm(long atMs) => Confirm(WatchedKind.All, atMs);

    /// <summary>These kinds were listed, or are still being followed, at <paramref name="atMs"/>.</summary>
    public void Confirm(IReadOnlyList<WatchedKind> kinds, long atMs)
    {
        foreach (var kind in kinds)
            _kinds.Confirm(kind, atMs);
        bool first = !IsReady && _kinds.CoreConfirmed;
        if (first)
        {
            lock (_writing)
            {
                IEnumerable<PodInfo> known = [.. History.OpenOwners.Where(o => o.PodUid.Length > 0).Select(PlaceholderPod.Of), .. History.Unaddressed.Select(PlaceholderPod.Of)];
                _terminations.CloseMissing(_current, known, FormerRunMs, atMs);
                History.Begin(_current, atMs);
            }

            IsReady = true;
        }

        if (IsReady)
            History.Watched(_kinds.OldestCoreMs);
        // One kind that is followed does not yet make the picture.
        if ((IsReady && Interlocked.Exchange(ref _problem, null) is not null) || first)
            Changed?.Invoke();
    }

    /// <summary>Everything of a kind up to a version was applied.</summary>
    public void Followed(WatchedKind kind, string version) => _kinds.Followed(kind, version);

    /// <summary>An object of a kind was too large to be read.</summary>
    public void Skipped(WatchedKind kind) => _kinds.Skipped(kind);

    public void Trouble(string sentence)
    {
        if (Interlocked.Exchange(ref _problem, sentence) != sentence)
            Changed?.Invoke();
    }

    /// <summary>Why a kind is not followed; null when it is again.</summary>
    public void Trouble(WatchedKind kind, string? sentence)
    {
        if (_kinds.Tell(kind, sentence))
            Changed?.Invoke();
    }
}
