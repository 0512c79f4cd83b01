using ConntrackConsole.Cluster.State;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Kubernetes.Parsing;
using ConntrackConsole.Nodes;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Timeline.Series;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Timeline.Live;

/// <summary>
/// The live timeline in bounded memory: the nodes' reports, step by step, joined with the names of the cluster at read time. One
/// writer (the apply loop); readers take a snapshot, and compute without the lock.
/// </summary>
internal sealed partial class TimelineStore
{
    /// <summary>How far back the memory reaches.</summary>
    public const long HorizonMs = LiveWindow.HorizonMs;

    /// <summary>Frames of a node with a clock further ahead than this are rejected.</summary>
    public const long MaxAheadMs = LiveWindow.MaxAheadMs;

    /// <summary>How many bytes of history memory holds; what is older is read from storage.</summary>
    public const long DefaultMaxBytes = 256L << 20;

    private const long SweepMs = 1_000;
    private const long TrimMs = 60_000;

    /// <summary>
    /// For how long readers share a snapshot: at a thousand nodes something changes every few milliseconds, and each snapshot makes the
    /// writer wait. Ages and gaps advance also while nothing changes.
    /// </summary>
    public const long SharedMs = 200;

    private readonly Lock _lock = new();
    private readonly long _maxBytes;
    private readonly long _horizonMs;
    private readonly ClusterState _cluster;
    private readonly TimeProvider _time;
    private readonly ResetDeduplicator _resets = new();
    private readonly GapLog _gaps = new();
    private readonly SyncLog _syncs;
    private readonly StateHistory _states;
    private readonly LaneNames _names;
    private readonly Signals _signals = new();
    private TimelineQueryExecutor? _executor;
    private KeptVips? _vips;
    private long _version;
    private long _reads;
    private long _sweptMs;
    private long _fromMs;
    private long _limitedMs;
    private bool _isLoading;

    /// <param name="horizonMs">How far back the memory reaches at most.</param>
    /// <param name="syncs">Null for a log of its own, which is not stored.</param>
    public TimelineStore(ClusterState cluster, TimeProvider time, long maxBytes = DefaultMaxBytes, long horizonMs = HorizonMs, SyncLog? syncs = null)
    {
        _syncs = syncs ?? new SyncLog();
        _maxBytes = maxBytes;
        _horizonMs = horizonMs;
        _cluster = cluster;
        _time = time;
        _states = new StateHistory(cluster);
        _names = new LaneNames(cluster);
        cluster.Changed += Signal;
    }

    /// <summary>Since when memory is complete: as far as it reaches, usually <see cref="HorizonMs"/>; later if there is too much, or while it is loaded.</summary>
    public long FromMs => IsLoading ? NowMs : Math.Max(Volatile.Read(ref _fromMs), NowMs - _horizonMs);

    /// <summary>The history of the time before the start is being read: nodes are missing.</summary>
    public bool IsLoading
    {
        get => Volatile.Read(ref _isLoading);
        set
        {
            Volatile.Write(ref _isLoading, value);
            Signal();
        }
    }

    /// <summary>Increases with every frame and every change of the cluster.</summary>
    public long Version => Volatile.Read(ref _version);

    /// <summary>A signal without payload, raised on the writer's thread: the receiver must only record it.</summary>
    public IDisposable Subscribe(Action signal) => _signals.Add(signal);

    /// <summary>How many snapshots <see cref="Read"/> took.</summary>
    internal long Reads => Volatile.Read(ref _reads);

    /// <summary>Reads everything that one response needs from one snapshot.</summary>
    /// <param name="maxAgeMs">A snapshot of this age will do, although something changed since.</param>
    internal T Read<T>(Func<TimelineQueryExecutor, T> read, long maxAgeMs = 0)
    {
        Interlocked.Increment(ref _reads);
        return read(Executor(maxAgeMs));
    }

    // Shared by all who ask before the next change: the same question is answered once.
    private TimelineQueryExecutor Executor(long maxAgeMs)
    {
        long nowMs = NowMs;
        long version = Version;
        if (Volatile.Read(ref _executor) is { } shared && nowMs - shared.NowMs is >= 0 and < SharedMs and var ageMs
            && (shared.Version == version || ageMs < maxAgeMs))
        {
            return shared;
        }

        // Before what is derived.
        long stamp = _cluster.Stamps.OfAll;
        var snapshot = Capture();
        var executor = new TimelineQueryExecutor(snapshot, _states, _names, VipsOf(snapshot.VipsVersion, stamp), Windows, _syncs, _cluster, nowMs) { Version = version };
        Volatile.Write(ref _executor, executor);
        return executor;
    }

    // While the cluster is loading, names change without a stamp.
    private VipsByService VipsOf(long version, long stamp)
    {
        if (Volatile.Read(ref _vips) is { } kept && kept.Version == version && kept.Stamp == stamp && _cluster.IsReady)
            return kept.Vips;
        var vips = new VipsByService(() => Vips(null), _names);
        Volatile.Write(ref _vips, new KeptVips(version, stamp, vips));
        return vips;
    }

    /// <summary>The columns of the live windows.</summary>
    internal KeptWindows Windows { get; } = new();

    public TimelineView Query(TimelineQuery query) => Read(reading => reading.View(query));

    /// <summary>
    /// Resets of flows to one of these Services' ports, of flows that have the address as their backend, or of packets that
    /// contain it, by kind; deduplicated.
    /// </summary>
    public IReadOnlyDictionary<ResetKind, int> ResetsOf(Ip ip, IReadOnlySet<(Ip Vip, ushort Port)> services, long fromMs, long toMs)
    {
        ArgumentNullException.ThrowIfNull(services);
        return KeptResets()
            .Where(t => !t.IsWithdrawn && t.Reset.AtMs >= fromMs && t.Reset.AtMs < toMs
                && (t.Reset.Backend == ip || t.Reset.Src == ip || t.Reset.Dst == ip || services.Contains((t.Reset.Vip, t.Reset.Vport))))
            .GroupBy(t => t.Reset.Kind).ToDictionary(g => g.Key, g => g.Count());
    }

    public IReadOnlyList<NodeHealth> Nodes() => Read(reading => reading.Health());

    /// <summary>The latest facts of every node, and the Services with stale entries.</summary>
    /// <param name="ended">Addresses of pods with a deletion request, and when it was made: for each, the last conversation is determined.</param>
    public TimelineFacts Facts(IReadOnlyDictionary<Ip, long> ended)
    {
        ArgumentNullException.ThrowIfNull(ended);
        return new FactsAggregator(this, _states, _cluster.Current, ended, NowMs).Read();
    }

    public void Connected(Hello hello)
    {
        ArgumentNullException.ThrowIfNull(hello);
        lock (_lock)
        {
            RecordEnd(hello.Node);
            GetOrAdd(hello.Node).Connect(hello, NowMs);
        }

        Signal();
    }

    public void Disconnected(string node)
    {
        lock (_lock)
        {
            RecordEnd(node);
            GetOrAdd(node).Disconnect(NowMs);
        }

        Signal();
    }

    /// <summary>Applies a frame of a node's collector; <paramref name="run"/> is the time at which that collector started.</summary>
    /// <param name="publish">False if <see cref="Publish"/> follows, for many frames together.</param>
    public FrameResult Apply(string node, long run, NodeFrame frame, bool publish = true)
    {
        ArgumentNullException.ThrowIfNull(frame);
        long nowMs = NowMs;
        if (frame.AtMs > nowMs + MaxAheadMs || frame.AtMs < 0)
        {
            return new FrameResult(false, new Reason(
                FrameReasons.ClockAhead,
                $"Node {node} sends frames {(frame.AtMs - nowMs) / 1000} s in the future: correct its clock (timedatectl) and restart its collector."));
        }

        lock (_lock)
        {
            var timeline = GetOrAdd(node);
            var (knownUntilMs, formerOffsetMs) = (KnownUntilMs(timeline), OffsetMs(timeline));
            // The syncs of a late frame are read with the rest of its node's frames, with the clock offset of that time.
            if (!timeline.Apply(run, frame, nowMs, (kind, fromMs, toMs, lost) => _gaps.Add(node, kind, fromMs, toMs, lost)))
                return new FrameResult(true, null);
            RecordChange(timeline, knownUntilMs, formerOffsetMs);
            if (frame.Proxy is { } proxy)
                _syncs.Add(node, proxy, OffsetMs(timeline), nowMs);
            CountResets(node, frame, nowMs - HorizonMs, nowMs);
            RecordSettings(node, frame);
            RecordTouched(timeline);
            if (nowMs - _sweptMs >= SweepMs)
                Sweep(nowMs);
        }

        if (publish)
            Signal();
        return default;
    }

    /// <summary>Memory begins at a moment.</summary>
    public void ForgetBefore(long beforeMs)
    {
        lock (_lock)
            _fromMs = Math.Max(_fromMs, beforeMs);
    }

    /// <summary>Readers see what was applied until now.</summary>
    public void Publish() => Signal();

    /// <summary>Rebuilds a node's history from its frames, which must come in the order in which they were made.</summary>
    public void Rebuild(string node, IEnumerable<(long Run, NodeFrame Frame)> frames)
    {
        ArgumentNullException.ThrowIfNull(frames);
        var timeline = new NodeTimeline(node);
        var gaps = new List<GapSpan>();
        var proxies = new List<(ProxyReading Reading, long OffsetMs)>();
        foreach (var (run, frame) in frames)
        {
            timeline.Apply(run, frame, 0, (kind, fromMs, toMs, lost) => gaps.Add(GapLog.Span(node, kind, fromMs, toMs, lost)));
            if (frame.Proxy is { } proxy)
                proxies.Add((proxy, OffsetMs(timeline)));
        }

        long nowMs = NowMs;
        lock (_lock)
        {
            // The reading's own time, whenever the frame arrived.
            foreach (var (reading, offsetMs) in proxies)
                _syncs.Add(node, reading, offsetMs, Math.Min(reading.AtMs + offsetMs, nowMs));
            _changes.Add(long.MinValue);
            timeline.Replace(GetOrAdd(node), _index);
            timeline.Trim(Math.Max(_fromMs, nowMs - _horizonMs));
            Put(timeline);
            RecordTouched(timeline);
            _gaps.Replace(node, gaps);
        }

        Signal();
    }

    /// <summary>Adds the resets of a frame that <see cref="Apply"/> skipped, except those before a moment.</summary>
    public void AddResets(string node, NodeFrame frame, long fromMs)
    {
        ArgumentNullException.ThrowIfNull(frame);
        lock (_lock)
            CountResets(node, frame, fromMs, NowMs);
        Signal();
    }

    /// <summary>The sync of each known node after which its rules no longer contained an endpoint that changed at that time.</summary>
    public List<NodeSync> SyncsAfter(long changedMs, long? notBeforeMs = null) => Read(reading => reading.Syncs(changedMs, notBeforeMs));

    /// <summary>The stream of a node was aborted for a reason that leaves the interval unknown.</summary>
    public void BrokenFrame(string node, string sentence)
    {
        long nowMs = NowMs;
        lock (_lock)
            _gaps.Add(new GapSpan(node, GapKind.FramesDropped, Math.Max(GetOrAdd(node).LastAtMs, nowMs - 1_000), nowMs, sentence));
        Signal();
    }

    /// <summary>Makes open pages refresh: a node that becomes silent sends no frame that would trigger it.</summary>
    public void Tick()
    {
        long nowMs = NowMs;
        bool silent;
        lock (_lock)
            silent = _nodes.Values.Any(n => n.IsSilent(nowMs));
        if (silent)
            Signal();
    }

    /// <summary>Stored counts of seconds for which no frames are stored any more.</summary>
    public void RestoreResets(IEnumerable<(long Second, ResetKind Kind, int Count)> rows)
    {
        lock (_lock)
        {
            foreach (var (second, kind, count) in rows)
                _resets.Restore(second, kind, count);
        }

        Signal();
    }

    // Of a node that is no longer in the cluster the counts are zero while its collector is not connected.
    private void RecordEnd(string node)
    {
        if (!_cluster.Current.Nodes.ContainsKey(node))
            _changes.Add(long.MinValue);
    }

    private static long OffsetMs(NodeTimeline timeline) => timeline.ClockOffsetMs;

    private void CountResets(string node, NodeFrame frame, long fromMs, long nowMs)
    {
        foreach (var reset in frame.Resets)
        {
            // A reset's own timestamp is as untrusted as the frame's.
            if (Math.Abs(reset.AtMs - frame.AtMs) <= HorizonMs && reset.AtMs <= nowMs + MaxAheadMs && reset.AtMs >= fromMs)
                _resets.Add(node, reset);
        }

        for (int kind = 0; kind < ResetOverflow.Length; kind++)
        {
            if (frame.MoreResets[kind] > 0 && frame.AtMs >= fromMs)
                _resets.AddUnlisted((ResetKind)kind, frame.AtMs, frame.MoreResets[kind]);
        }
    }

    private long NowMs => _time.GetUtcNow().ToUnixTimeMilliseconds();

    // Each node once a minute, some of them each time: nothing waits for all of them.
    private void Sweep(long nowMs)
    {
        _sweptMs = nowMs;
        _fromMs = Math.Max(_fromMs, nowMs - HorizonMs);
        LimitBytes(nowMs);
        LimitIncidents(nowMs);
        foreach (var node in _nodes.Values)
        {
            if (nowMs - node.TrimmedMs < TrimMs)
                continue;
            node.TrimmedMs = node.TrimmedMs == 0 ? nowMs - (node.Slot * SweepMs % TrimMs) : nowMs;
            node.Trim(_fromMs);
            node.Incidents.Trim(_incidentsFromMs);
            if (!node.Connected && node.Groups.Count == 0 && node.Head.LastHeardMs < nowMs - HorizonMs)
                Remove(node);
        }

        _index.TrimSums(_fromMs);
        _syncs.Trim(_fromMs, _nodes.ContainsKey);
        _resets.Trim(nowMs - HorizonMs);
    }

    private sealed record KeptVips(long Version, long Stamp, VipsByService Vips);

    private void Signal()
    {
        Interlocked.Increment(ref _version);
        _signals.Raise();
    }
}

/// <summary>The result of applying a frame.</summary>
/// <param name="IsLate">Later frames were applied already: this one was skipped.</param>
/// <param name="Rejection">Why the frame was rejected, or null.</param>
internal readonly record struct FrameResult(bool IsLate, Reason? Rejection);
