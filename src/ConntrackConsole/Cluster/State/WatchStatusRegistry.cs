using ConntrackConsole.Kubernetes.Parsing;

namespace ConntrackConsole.Cluster.State;

/// <summary>How well each kind is known. Written by its follower, read by pages and guards.</summary>
internal sealed class WatchStatusRegistry
{
    private readonly Dictionary<string, Known> _kinds = WatchedKind.All.ToDictionary(k => k.Name, k => new Known(k));
    private readonly Known[] _core;

    public WatchStatusRegistry() => _core = [.. _kinds.Values.Where(k => k.Kind.Core)];

    /// <summary>Of every kind that guards depend on.</summary>
    public bool CoreConfirmed => _core.All(k => Volatile.Read(ref k.ConfirmedMs) != 0);

    /// <summary>Since when the worst known of them is unsure; 0 before all were listed.</summary>
    public long OldestCoreMs => _core.Min(k => Volatile.Read(ref k.ConfirmedMs));

    /// <summary>What is wrong with a kind that guards depend on.</summary>
    public string? CoreProblem => _core.Select(k => Volatile.Read(ref k.Problem)).FirstOrDefault(p => p is not null);

    public void Followed(WatchedKind kind, string version)
    {
        var known = _kinds[kind.Name];
        Volatile.Write(ref known.Version, version);
        known.Listed = true;
    }

    // 0 is "never": a clock that begins there has confirmed all the same.
    public void Confirm(WatchedKind kind, long atMs) => Volatile.Write(ref _kinds[kind.Name].ConfirmedMs, Math.Max(1, atMs));

    /// <returns>True where that is news.</returns>
    public bool Tell(WatchedKind kind, string? problem) => Interlocked.Exchange(ref _kinds[kind.Name].Problem, problem) != problem;

    public void Skipped(WatchedKind kind) => Interlocked.Increment(ref _kinds[kind.Name].Skips);

    public IReadOnlyList<KindStatus> Statuses(long nowMs) => [.. _kinds.Values.Select(k => k.Status(nowMs))];

    private sealed class Known(WatchedKind kind)
    {
        public readonly WatchedKind Kind = kind;
        public volatile bool Listed;
        public long ConfirmedMs;
        public string? Problem;
        public string? Version;
        public int Skips;

        public KindStatus Status(long nowMs) => new(
            Kind.Name, Listed, Volatile.Read(ref ConfirmedMs) is var at and not 0 ? TimeSpan.FromMilliseconds(Math.Max(0, nowMs - at)) : TimeSpan.MaxValue,
            Volatile.Read(ref Problem)) { Version = Volatile.Read(ref Version), Skipped = Volatile.Read(ref Skips) };
    }
}
