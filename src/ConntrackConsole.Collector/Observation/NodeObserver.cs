using System.Collections.Frozen;
using ConntrackConsole.Collector.KubeProxy;
using ConntrackConsole.Collector.Observation.Flows;
using ConntrackConsole.Collector.Observation.Resets;
using ConntrackConsole.Kernel.Conntrack;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Kernel.Proc;
using ConntrackConsole.Kernel.Resets;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Observation;

/// <summary>
/// Follows the conntrack table and the resets of one node and emits a frame per second. Everything happens on the thread that
/// calls <see cref="Run"/>: listen first, then dump, then drain, so that nothing is lost between dump and events.
/// </summary>
internal sealed class NodeObserver
{
    private const int KeyFrameIntervalSeconds = 60;

    // The queue of resets holds a quarter of a second of 65,000 a second.
    private const int MaxWaitMs = 250;

    // Before the second's end: the frame has the result, and is not late for it.
    private const int LookupLeadMs = 100;

    private readonly FrameClock _clock;
    private readonly FlowTable _flows;
    private readonly RecentFlows _recent = new();
    private readonly ResetSource? _resets;
    private readonly NodeSampler _sampler;
    private readonly PendingResets _pendingResets;
    private readonly FlowNotes _notes;
    private readonly NodeFrame _frame = new();
    private readonly Func<Gap?> _takeDropped;
    private readonly FlowEventVisitor _onEvent;
    private readonly int _eventQueueBytes;
    private readonly int _silentFlowsRedumpSeconds;
    private readonly FollowModeSwitch _modeSwitch;
    private readonly OwnCost _cost = new();
    private readonly Grouping _grouping;
    private readonly List<RefusalRecord> _refusals = [];
    private readonly List<AttemptRecord> _attempts = [];
    private readonly List<AttemptRecord> _repeatedSyns = [];
    private FrozenSet<Ip> _services = [];
    private IReadOnlySet<ServiceAddress>? _newServices;
    private volatile bool _keyWanted = true;
    private ulong _sequence;
    private long _drainedMs; // No event that is read later is of an earlier time.
    private ConntrackStats _lastStats;
    private int _secondsSinceKey;

    public NodeObserver(
        Grouping grouping, TimeProvider time, ResetSource? resets, Func<Gap?> takeDropped,
        int eventQueueBytes = ConntrackEvents.DefaultQueueBytes, int silentFlowsRedumpSeconds = 15, FollowModeSwitch? modeSwitch = null)
    {
        _modeSwitch = modeSwitch ?? new FollowModeSwitch();
        _silentFlowsRedumpSeconds = silentFlowsRedumpSeconds;
        _eventQueueBytes = eventQueueBytes;
        _clock = new FrameClock(time);
        _grouping = grouping;
        _flows = new FlowTable(grouping);
        _resets = resets;
        _pendingResets = new PendingResets(resets is { IsDouble: true }, resets is null or { TracesEverySender: true });
        _notes = new FlowNotes(OwnNetlinkPorts, _flows.Expiry);
        _takeDropped = takeDropped;
        _onEvent = OnEvent;
        _sampler = new NodeSampler(new Sysctl(), filter: () => Filter?.Invoke());
    }

    /// <summary>Looks up individual entries every second, shortly before its end.</summary>
    public AddressWatcher AddressWatcher { get; } = new(new Sysctl());

    /// <summary>Reports what IPVS keeps.</summary>
    public IpvsWatcher Ipvs { get; init; } = new();

    /// <summary>Source of kube-proxy's readings, if it is scraped.</summary>
    public KubeProxyScraper? Proxy { get; init; }

    /// <summary>
    /// Returns the value of this program's filter while there may be one, else null. Called on the observer's thread.
    /// </summary>
    public Func<string?>? Filter { get; set; }

    /// <summary>The netlink ports with which this program deletes entries.</summary>
    public OwnNetlinkPorts OwnNetlinkPorts { get; } = new();

    /// <summary>Connections that lost their entry to a flush of this program.</summary>
    public FlushedConnections FlushedConnections { get; } = new();

    /// <summary>Requests a frame with all groups: after a reconnect the console may have no state. Thread-safe.</summary>
    public void RequestKeyFrame() => _keyWanted = true;

    /// <summary>
    /// Takes the console's list of Service addresses, by which untranslated entries are recognized. Null changes nothing. Thread-safe.
    /// </summary>
    public void SetServices(IReadOnlyList<string>? services)
    {
        if (services is not null)
            Volatile.Write(ref _newServices, services.Take(WatchList.MaxServices).Select(text => ServiceAddress.TryParse(text, out var address) ? address : default).Where(address => address.Port != 0).ToHashSet());
    }

    /// <summary>Runs until cancelled; <paramref name="emit"/> gets each frame and must not keep it.</summary>
    public void Run(Action<NodeFrame> emit, CancellationToken stop)
    {
        using var table = ConntrackTable.Open();
        _flows.Expiry.Tick(Environment.TickCount64, _sampler.MinEstablishedSeconds, _sampler.IsMinOrdinary); // The first dump comes before the first sample.
        long startedMs = _clock.NowMs;
        using var follower = new TableFollower(
            _flows, table, _onEvent, () => _clock.NowMs, _modeSwitch, _eventQueueBytes, _silentFlowsRedumpSeconds);
        _lastStats = table.Stats();
        var gaps = new List<Gap> { new(GapKind.Started, startedMs, _clock.NowMs, 0) };
        long atMs = startedMs; // The first frame is emitted immediately.
        do
        {
            uint events = follower.EndSecond(gaps);
            if (Interlocked.Exchange(ref _newServices, null) is { } services)
            {
                _flows.Regroup(_grouping.With(services));
                _services = services.Select(service => service.Ip).ToFrozenSet();
            }

            Fill(atMs, table, gaps);
            _frame.Cost = _cost.Take(follower.Mode, events, _flows.Count);
            emit(_frame);
            gaps.Clear();
        }
        while (WaitForSecond(follower, table, gaps, out atMs, stop));
    }

    private bool WaitForSecond(TableFollower follower, ConntrackTable table, List<Gap> gaps, out long atMs, CancellationToken stop)
    {
        atMs = 0;
        bool isLookedUp = false;
        while (!stop.IsCancellationRequested)
        {
            int wait = _clock.Wait;
            if (AddressWatcher.HasNew || (!isLookedUp && wait <= LookupLeadMs))
            {
                isLookedUp |= wait <= LookupLeadMs;
                AddressWatcher.Look(table, _flows, Environment.TickCount64);
            }

            long beganMs = _clock.NowMs;
            follower.Follow(Math.Clamp(isLookedUp ? _clock.Wait : _clock.Wait - LookupLeadMs, 0, MaxWaitMs), gaps);
            if (follower.HasDrained)
                _drainedMs = beganMs;
            if (_resets is not null)
            {
                uint lost = _resets.Drain(_pendingResets.Waiting);
                if (lost != 0)
                    gaps.Add(new Gap(GapKind.ResetsLost, _clock.NowMs - 1000, _clock.NowMs, lost));
            }

            if (_clock.TryTick(out atMs))
                return true;
        }

        return false;
    }

    // Of addresses of Services: a closed port of a pod is refused by the pod's own kernel.
    private void FillRefusals()
    {
        _resets?.DrainRefusals(_refusals);
        foreach (var refusal in _refusals)
        {
            if (!_services.Contains(refusal.Dst))
                continue;
            if (_frame.Refusals.Count == NodeFrameCodec.MaxRefusals)
                _frame.MoreRefusals++;
            else
                _frame.Refusals.Add(new ServiceRefusal(refusal.AtMs, refusal.Src, refusal.Dst));
        }

        _refusals.Clear();
    }

    private void OnEvent(FlowEventKind kind, in Flow flow, uint portId)
    {
        if (kind != FlowEventKind.Destroy)
        {
            if (kind == FlowEventKind.New && FlowNotes.IsMidStream(in flow)) // checked first, because reading the clock for every event is expensive
                _notes.OnNew(in flow, portId, _clock.NowMs);
            else if (kind == FlowEventKind.New)
                AddressWatcher.OnNew(in flow, _drainedMs);
            _flows.Upsert(in flow);
            FlushedConnections.OnEntry(in flow);
            return;
        }

        OwnNetlinkPorts.CountDestroy(portId);
        _flows.Remove(in flow, out var last, out uint bound);
        FlushedConnections.OnDestroy(in flow);
        AddressWatcher.Attempts.OnDestroy(in flow);
        // TIME_WAIT expired: no reset belongs to it any more.
        if (flow.Orig.Proto != Protocols.Tcp || last == FlowState.TimeWait)
            return;
        long nowMs = _clock.NowMs;
        bool lost = _notes.OnDestroy(in flow, last, portId, nowMs, bound, (uint)(Environment.TickCount64 / 1000));
        bool unreplied = (flow.Status & FlowStatus.SeenReply) == 0;
        _recent.Add(new FlowTuples(flow.Orig, flow.Reply, last, unreplied, flow.OnlyLooksTranslated), nowMs, lost);
    }

    private void Fill(long atMs, ConntrackTable table, List<Gap> gaps)
    {
        _frame.Clear();
        _frame.Sequence = ++_sequence;
        _frame.AtMs = atMs;
        _frame.IsKey = _keyWanted || ++_secondsSinceKey >= KeyFrameIntervalSeconds;
        if (_frame.IsKey)
        {
            _keyWanted = false;
            _secondsSinceKey = 0;
        }

        var stats = table.Stats();
        _frame.Counters = new Counters(
            stats.Invalid - _lastStats.Invalid, stats.Drop - _lastStats.Drop, stats.EarlyDrop - _lastStats.EarlyDrop,
            stats.InsertFailed - _lastStats.InsertFailed, stats.Entries, stats.MaxEntries,
            stats.SearchRestart - _lastStats.SearchRestart, stats.ClashResolve - _lastStats.ClashResolve);
        _lastStats = stats;
        _sampler.Fill(_frame);
        _flows.Expiry.Tick(Environment.TickCount64, _sampler.MinEstablishedSeconds, _sampler.IsMinOrdinary);
        AddressWatcher.Fill(_frame, Environment.TickCount64);
        _resets?.DrainAttempts(_attempts);
        AddressWatcher.Attempts.Add(_attempts, _flows, Environment.TickCount64);
        _pendingResets.AddAttempts(_attempts, _clock.NowMs);
        _attempts.Clear();
        AddressWatcher.FillDetails(_frame, Environment.TickCount64, Math.Max(0, _clock.NowMs - atMs));
        FillRefusals();
        _resets?.DrainRepeatedSyns(_repeatedSyns);
        _flows.NoteRepeatedSyns(_repeatedSyns, _clock.NowMs);
        _frame.MoreLateAnswers = _flows.WriteLateAnswers(_frame.LateAnswers, _clock.NowMs);
        _frame.Proxy = Proxy?.Take();
        if (Proxy is not null)
            Proxy.IsAwaited = AddressWatcher.HasUdp;
        Ipvs.Fill(_frame, Environment.TickCount64);
        _flows.WriteGroups(_frame.Groups, _frame.IsKey);
        _notes.WriteTo(_frame);
        AddressWatcher.FillLeftOut(_frame);
        int truncated = _pendingResets.WriteTo(_frame, _flows, _recent, _clock.NowMs);
        foreach (var reset in _frame.Resets)
            FlushedConnections.OnReset(in reset);
        if (truncated > 0)
            gaps.Add(new Gap(GapKind.ResetsTruncated, atMs - 1000, atMs, (uint)truncated));
        _frame.Gaps.AddRange(gaps);
        if (_takeDropped() is { } dropped)
            _frame.Gaps.Add(dropped);
    }
}
