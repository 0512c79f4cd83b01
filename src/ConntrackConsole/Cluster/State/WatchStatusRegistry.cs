using ConntrackConsole.Kubernetes.Parsing;

namespace ConntrackConsole.Cluster.State;

/// <summary>The watch status of each kind. Written by its watcher, read by pages and guards.</summary>
internal sealed class WatchStatusRegistry
{
    private readonly Dictionary<string, Entry> _kinds = WatchedKind.All.ToDictionary(k => k.Name, k => new Entry(k));
    private readonly Entry[] _core;

    public WatchStatusRegistry() => _core = [.. _kinds.Values.Where(k => k.Kind.IsCore)];

    /// <summary>True once every kind that guards depend on is confirmed.</summary>
    public bool CoreConfirmed => _core.All(k => Volatile.Read(ref k.ConfirmedMs) != 0);

    /// <summary>When the least recently confirmed of them was confirmed; 0 before all were listed.</summary>
    public long OldestCoreMs => _core.Min(k => Volatile.Read(ref k.ConfirmedMs));

    /// <summary>The problem of a kind that guards depend on.</summary>
    public string? CoreProblem => _core.Select(k => Volatile.Read(ref k.Problem)).FirstOrDefault(p => p is not null);

    public void Followed(WatchedKind kind, string version)
    {
        var entry = _kinds[kind.Name];
        Volatile.Write(ref entry.Version, version);
        entry.Listed = true;
    }

    // 0 means "never", so a confirmation at time 0 is stored as 1.
    public void Confirm(WatchedKind kind, long atMs) => Volatile.Write(ref _kinds[kind.Name].ConfirmedMs, Math.Max(1, atMs));

    /// <returns>True if the problem changed.</returns>
    public bool SetProblem(WatchedKind kind, string? problem) => Interlocked.Exchange(ref _kinds[kind.Name].Problem, problem) != problem;

    public void Skipped(WatchedKind kind) => Interlocked.Increment(ref _kinds[kind.Name].Skips);

    public IReadOnlyList<KindStatus> Statuses(long nowMs) => [.. _kinds.Values.Select(k => k.Status(nowMs))];

    private sealed class Entry(WatchedKind kind)
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
