using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Nodes;
using ConntrackConsole.Timeline.NodeCounters;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Timeline.Series;

/// <summary>
/// The reports of one node's collector. Not thread-safe: the store of the timeline holds its lock. Readers take
/// <see cref="Head"/> and the slices of the groups.
/// </summary>
internal sealed partial class NodeTimeline
{
    /// <summary>Maximum number of groups kept for a node.</summary>
    public const int MaxGroups = 20_000;

    /// <summary>A collector sends every second; longer than this without a frame is a gap.</summary>
    public const long SilentMs = 3_000;

    // A connection without a message is given up after 30 s.
    private const long GivenUpMs = 20_000;

    private readonly CoverageIntervals _known = new();
    private GroupIndex? _index;
    private NodeHead? _head;
    private Dictionary<Ip, WatchedAddress> _watched = [];
    private IpvsReading? _ipvs;
    private Hello? _hello;
    private Counters _counters;
    private int _keyFrame;
    private int _translated;
    private bool _connected;
    private long _lastHeardMs;
    private long _expectedMs; // 0: no frames are expected.
    private long _run;
    private ulong _lastSequence;
    private bool _isKnown;
    private bool _full;

    /// <param name="name">The node.</param>
    /// <param name="index">Where the groups are found by address; null for a timeline that stands alone.</param>
    public NodeTimeline(string name, GroupIndex? index = null)
    {
        Name = name;
        _index = index;
    }

    public string Name { get; }

    /// <summary>When the store last trimmed it; 0 = not yet.</summary>
    public long TrimmedMs { get; set; }

    /// <summary>Index of the node in a snapshot.</summary>
    public int Slot { get; set; } = -1;

    /// <summary>What was known after the last change, immutable.</summary>
    public NodeHead Head => _head ??= new NodeHead(
        Name, _hello, _connected, _lastHeardMs, LastAtMs, _counters, Cost, _known.ToArray(), _watched)
    {
        Ipvs = _ipvs,
    };

    public CollectorCost? Cost { get; private set; }

    /// <summary>As <see cref="NodeHead.ClockOffsetMs"/>, without making the head: nearly every frame would make one that no reader takes.</summary>
    public int ClockOffsetMs => Cost is { ClockOffsetMs: not int.MinValue } cost ? cost.ClockOffsetMs : 0;

    /// <summary>The counters of the last frame.</summary>
    public Counters Counters => _counters;

    public CoverageIntervals Known => _known;

    public bool Connected => _connected;

    /// <summary>The last reported settings and kube-proxy metrics.</summary>
    public NodeMetrics Readings { get; private set; } = new();

    /// <summary>Resets, notes, look-ups and increases of counters, for the diagnosis.</summary>
    public NodeIncidents Incidents { get; } = new();

    /// <summary>How full the table was, and how long kube-proxy's rules lagged.</summary>
    public NodeGauges Gauges { get; } = new();

    /// <summary>Whether every group of the node's table is known as of its last frame.</summary>
    public bool IsTableKnown => _isKnown;

    /// <summary>The table has entries with a virtual address. An untranslated entry is no sign that something translates.</summary>
    public bool HasTranslatedEntries => _translated > 0;

    public NodeGroups Groups { get; } = new();

    /// <summary>Size of the groups' histories.</summary>
    public long Bytes => Groups.Bytes;

    /// <summary>Size of everything that is kept longer than a moment: histories, intervals without reports, and what the diagnosis reads. Counters are not included: they have a small bound.</summary>
    public long AllBytes => Bytes + DoubtBytes + (Incidents.Count * NodeIncidents.EntryBytes);

    /// <summary>By the node's clock.</summary>
    public long LastAtMs { get; private set; }

    public bool IsSilent(long nowMs) => nowMs - _lastHeardMs > SilentMs;

    public void Connect(Hello hello, long nowMs)
    {
        // The node's clock was moved backwards between two runs: the connected run is the current one nevertheless.
        if (hello.StartedAtMs < _run)
            _run = 0;
        _hello = hello;
        _connected = true;
        _expectedMs = nowMs;
        Readings.Begin(hello, nowMs);
        if (_lastHeardMs == 0)
            _lastHeardMs = nowMs;
        _head = null;
    }

    public void Disconnect(long nowMs)
    {
        (_connected, _head) = (false, null);
        // Later, it was the console that gave the connection up.
        if (nowMs - Math.Max(_lastHeardMs, _expectedMs) < GivenUpMs)
            _expectedMs = 0;
    }

    /// <summary>
    /// Since when the connected collector has sent nothing; null if it sends, or ended its connection, or never connected. The kernel ends the connections
    /// of a program that is stopped, killed or replaced: nothing at all comes only from a node that is lost, or cut off, or hangs.
    /// </summary>
    public long? FellSilentMs(long nowMs) => _expectedMs != 0 && Math.Max(_lastHeardMs, _expectedMs) is var lastMs && nowMs - lastMs > SilentMs ? lastMs : null;

    /// <summary>Replaces a timeline that was built from fewer frames: takes its place in the index.</summary>
    public void Replace(NodeTimeline former, GroupIndex index)
    {
        former.Leave();
        (Slot, _hello, _connected, _lastHeardMs, _expectedMs) = (former.Slot, former._hello, former._connected, former._lastHeardMs, former._expectedMs);
        // The latest readings stay, whatever arrives late.
        if (former.Readings.HasReported)
            Readings = former.Readings;
        _index = index;
        foreach (int slot in Groups)
            index.Add(this, slot);
        AddAll();
        _head = null;
    }

    /// <summary>Removes the groups from the index.</summary>
    public void Leave()
    {
        SubtractAll();
        foreach (int slot in Groups)
            _index?.Remove(this, slot);
        _index = null;
    }

    /// <summary>Applies a frame; frames must come in the order in which they were made. Earlier and late frames are skipped.</summary>
    /// <returns>Whether the frame was applied.</returns>
    public bool Apply(long run, NodeFrame frame, long nowMs, Action<GapKind, long, long, uint> gap)
    {
        (_lastHeardMs, _head) = (nowMs, null);
        if (run < _run || (run == _run && frame.Sequence <= _lastSequence))
            return false;
        bool restarted = run != _run && LastAtMs != 0;
        if (run != _run)
        {
            // A new run restarts the frame numbers, and nothing is known about the time between the runs.
            _run = run;
            _lastSequence = 0;
            _isKnown = false;
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

        bool isComplete = _isKnown && !jumped, unbroken = isComplete && !paused;
        // Changes without the preceding ones mean nothing: wait for the next key frame.
        _isKnown = frame.IsKey || (_isKnown && !jumped);
        if (_isKnown)
        {
            if (!unbroken)
                NoteEntries();
            ApplyGroups(frame, atMs, gap);
            if (!unbroken)
                Doubt(atMs);
            ApplyWatchedAddresses(frame);
            _known.Add(atMs, unbroken);
        }

        // A node that was late has sent all of its changes.
        Incidents.Add(frame, atMs, isComplete);
        // A key frame contains the current reading, if there is one.
        if (frame.Ipvs is not null || frame.IsKey)
            _ipvs = frame.Ipvs;
        // For a replayed frame its own timestamp is the nearest to the time it was received.
        Readings.Apply(frame, nowMs > 0 ? nowMs : frame.AtMs);
        _counters = frame.Counters;
        Gauges.Add(
            atMs, _counters.Max > 0 ? (int)Math.Min(int.MaxValue, _counters.Count * 1_000L / _counters.Max) : null, Readings.ProxyLagMs(frame.AtMs),
            follows: !restarted && !jumped && !paused);
        Cost = frame.Cost ?? Cost;
        FollowClock();
        _lastSequence = frame.Sequence;
        LastAtMs = atMs;
        return true;
    }

    public void Trim(long beforeMs)
    {
        _known.Trim(beforeMs);
        TrimDoubts(beforeMs);
        Incidents.Trim(beforeMs);
        Gauges.Trim(beforeMs);
        foreach (int slot in Groups.Trim(beforeMs) ?? [])
        {
            _index?.Remove(this, slot);
            Groups.Remove(slot);
        }

        _head = null;
    }

    // Readers may still have the former dictionary.
    private void ApplyWatchedAddresses(NodeFrame frame)
    {
        if (frame.WatchedAddresses.Count == 0 && (!frame.IsKey || _watched.Count == 0))
            return;
        var watched = frame.IsKey ? [] : new Dictionary<Ip, WatchedAddress>(_watched);
        foreach (var row in frame.WatchedAddresses)
        {
            if (row.Entries == 0)
                watched.Remove(row.PodIp);
            else if (watched.Count < MaxGroups || watched.ContainsKey(row.PodIp))
                watched[row.PodIp] = row;
        }

        _watched = watched;
    }

    private void ApplyGroups(NodeFrame frame, long atMs, Action<GapKind, long, long, uint> gap)
    {
        if (frame.IsKey)
            _keyFrame++;
        uint dropped = 0;
        foreach (var (key, counts) in frame.Groups)
        {
            if (!Groups.TryFind(key, out int slot))
            {
                if (counts.Total == 0)
                    continue;
                if (Groups.Count >= MaxGroups)
                {
                    dropped++;
                    continue;
                }

                slot = Groups.Add(new ClusterGroup(key));
                _index?.Add(this, slot);
            }

            Groups[slot].KeyFrame = _keyFrame;
            Set(slot, counts, atMs);
        }

        if (frame.IsKey)
        {
            foreach (int slot in Groups)
            {
                if (Groups[slot].KeyFrame != _keyFrame)
                    Set(slot, default, atMs);
            }
        }

        if (dropped > 0 && !_full)
            gap(GapKind.FramesDropped, atMs, atMs, dropped);
        _full = dropped > 0;
    }

    private void Set(int slot, in StateCounts counts, long atMs)
    {
        ref var group = ref Groups[slot];
        var key = group.Key;
        if (!key.Vip.IsNone && key.Backend != key.Vip)
            _translated += (counts.Total > 0 ? 1 : 0) - (group.Now.Total > 0 ? 1 : 0);
        var before = group.Last;
        Groups.Set(slot, counts, atMs);
        var after = group.Last;
        group.Group.Sum?.Add(SecondOf(atMs), new SumChange(after.Live - before.Live, after.Closing - before.Closing, 0));
    }
}
