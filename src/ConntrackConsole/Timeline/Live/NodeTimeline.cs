using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Nodes;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Timeline.Live;

/// <summary>One group of entries on one node: its history and its current counts.</summary>
internal sealed class GroupTimeline
{
    public StepSeries Steps { get; } = new();

    public StateCounts Now { get; set; }
}

/// <summary>The reports of one node's collector. Not thread-safe: <see cref="TimelineStore"/> holds its lock.</summary>
internal sealed class NodeTimeline(string name)
{
    /// <summary>Maximum number of groups kept for a node.</summary>
    public const int MaxGroups = 20_000;

    /// <summary>A collector sends every second; longer than this without a frame is a gap.</summary>
    public const long SilentMs = 3_000;

    private long _run;
    private ulong _lastSequence;
    private bool _known;
    private bool _full;

    public string Name { get; } = name;
    public Hello? Hello { get; private set; }
    public bool Connected { get; private set; }
    public Counters Counters { get; private set; }
    public CollectorCost? Cost { get; private set; }
    public CoverageIntervals Known { get; } = new();

    /// <summary>The last reported settings and kube-proxy metrics.</summary>
    public NodeMetrics Readings { get; private set; } = new();

    /// <summary>Whether every group of the node's table is known as of its last frame.</summary>
    public bool IsTableKnown => _known;

    public Dictionary<GroupKey, GroupTimeline> Groups { get; } = [];

    /// <summary>The current results of the node's look-ups for addresses without a live owner.</summary>
    public Dictionary<Ip, WatchedAddress> WatchedAddresses { get; } = [];

    /// <summary>What IPVS keeps on the node now; null where it is not loaded, and from older collectors.</summary>
    public IpvsReading? Ipvs { get; private set; }

    /// <summary>By the node's clock.</summary>
    public long LastAtMs { get; private set; }

    /// <summary>By the console's clock.</summary>
    public long LastHeardMs { get; private set; }

    public bool IsSilent(long nowMs) => nowMs - LastHeardMs > SilentMs;

    public void Connect(Hello hello, long nowMs)
    {
        // The node's clock was moved backwards between two runs: the connected run is the current one nevertheless.
        if (hello.StartedAtMs < _run)
            _run = 0;
        Hello = hello;
        Connected = true;
        Readings.Begin(hello, nowMs);
        if (LastHeardMs == 0)
            LastHeardMs = nowMs;
    }

    public void Disconnect() => Connected = false;

    /// <summary>Replaces a timeline that was built from fewer frames.</summary>
    public void InheritFrom(NodeTimeline former)
    {
        (Hello, Connected, LastHeardMs) = (former.Hello, former.Connected, former.LastHeardMs);
        // The latest readings stay, whatever arrives late.
        if (former.Readings.HasReported)
            Readings = former.Readings;
    }

    /// <summary>Applies a frame; frames must come in the order in which they were made. Earlier and late frames are skipped.</summary>
    /// <returns>Whether the frame was applied.</returns>
    public bool Apply(long run, NodeFrame frame, long nowMs, Action<GapKind, long, long, uint> gap)
    {
        LastHeardMs = nowMs;
        if (run < _run || (run == _run && frame.Sequence <= _lastSequence))
            return false;
        bool restarted = run != _run && LastAtMs != 0;
        if (run != _run)
        {
            // A new run restarts the frame numbers, and nothing is known about the time between the runs.
            _run = run;
            _lastSequence = 0;
            _known = false;
        }

        // A node's clock may be moved backwards; series must not go backwards.
        long atMs = Math.Max(frame.AtMs, LastAtMs);
        bool jumped = _lastSequence != 0 && frame.Sequence != _lastSequence + 1;
        bool paused = LastAtMs != 0 && atMs - LastAtMs > SilentMs;
        if (restarted)
            gap(GapKind.Started, LastAtMs, atMs, 0);
        else if (jumped)
            gap(GapKind.SequenceJump, LastAtMs, atMs, (uint)Math.Min(frame.Sequence - _lastSequence - 1, uint.MaxValue));
        else if (paused)
            gap(GapKind.Silent, LastAtMs, atMs, 0);
        foreach (var reported in frame.Gaps)
        {
            // The console's own gap, which begins at the last frame before, is the longer one.
            if (!restarted || reported.Kind != GapKind.Started)
                gap(reported.Kind, reported.FromMs, reported.ToMs, reported.Lost);
        }

        bool unbroken = _known && !jumped && !paused;
        // Changes without the preceding ones mean nothing: wait for the next key frame.
        _known = frame.IsKey || (_known && !jumped);
        if (_known)
        {
            ApplyGroups(frame, atMs, gap);
            ApplyWatchedAddresses(frame);
            Known.Add(atMs, unbroken);
        }

        // A key frame contains the current reading, if there is one.
        if (frame.Ipvs is not null || frame.IsKey)
            Ipvs = frame.Ipvs;
        // For a replayed frame its own timestamp is the nearest to the time it was received.
        Readings.Apply(frame, nowMs > 0 ? nowMs : frame.AtMs);
        Counters = frame.Counters;
        Cost = frame.Cost ?? Cost;
        _lastSequence = frame.Sequence;
        LastAtMs = atMs;
        return true;
    }

    public void Trim(long beforeMs)
    {
        Known.Trim(beforeMs);
        foreach (var (key, group) in Groups)
        {
            if (group.Steps.Trim(beforeMs))
                Groups.Remove(key);
        }
    }

    private void ApplyWatchedAddresses(NodeFrame frame)
    {
        if (frame.IsKey)
            WatchedAddresses.Clear();
        foreach (var row in frame.WatchedAddresses)
        {
            if (row.Entries == 0)
                WatchedAddresses.Remove(row.PodIp);
            else if (WatchedAddresses.Count < MaxGroups || WatchedAddresses.ContainsKey(row.PodIp))
                WatchedAddresses[row.PodIp] = row;
        }
    }

    private void ApplyGroups(NodeFrame frame, long atMs, Action<GapKind, long, long, uint> gap)
    {
        if (frame.IsKey)
        {
            var named = frame.Groups.Select(g => g.Key).ToHashSet();
            foreach (var (key, group) in Groups)
            {
                if (!named.Contains(key))
                    Set(group, default, atMs);
            }
        }

        uint dropped = 0;
        foreach (var (key, counts) in frame.Groups)
        {
            if (!Groups.TryGetValue(key, out var group))
            {
                if (counts.Total == 0)
                    continue;
                if (Groups.Count >= MaxGroups)
                {
                    dropped++;
                    continue;
                }

                Groups[key] = group = new GroupTimeline();
            }

            Set(group, counts, atMs);
        }

        if (dropped > 0 && !_full)
            gap(GapKind.FramesDropped, atMs, atMs, dropped);
        _full = dropped > 0;
    }

    private static void Set(GroupTimeline group, in StateCounts counts, long atMs)
    {
        group.Now = counts;
        uint live = counts.Live;
        group.Steps.Add(atMs, Clamped(live), Clamped(counts.Total - live));

        static int Clamped(uint count) => (int)Math.Min(count, int.MaxValue / 1024);
    }
}
