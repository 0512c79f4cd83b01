using ConntrackConsole.Collector.Observation.Flows;
using ConntrackConsole.Kernel.Conntrack;
using ConntrackConsole.Kernel.Netlink;
using ConntrackConsole.Kernel.Proc;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Observation;

/// <summary>
/// Keeps a <see cref="FlowTable"/> in sync with the kernel's: listens first, then dumps, then applies events; after lost events
/// it dumps again. If listening is too expensive, or the kernel sends no events, it uses dumps alone. Single-threaded.
/// </summary>
internal sealed class TableFollower : IDisposable
{
    private const int MaxBatchesPerDrain = 4096;
    private const int MaxBatchesPerCall = 256;
    private const int MinEventsToGather = 32;
    private const int GatherMs = 2;
    private const long DumpOnlyGapMs = 10_000;

    // Less than half of tcp_timeout_unacknowledged: a timeout that was seen this recently cannot have run out if it was long.
    private const long MaxTimeoutAgeMs = 120_000;

    private readonly FlowTable _flows;
    private readonly ConntrackTable _table;
    private readonly FlowEventVisitor _visitor;
    private readonly FlowVisitor _confirm;
    private readonly FollowModeSwitch _modeSwitch;
    private readonly Func<long> _nowMs;
    private readonly int _queueBytes;
    private readonly int _minRedumpMs;
    private readonly bool _kernelSendsEvents;
    private readonly bool _offloads = Directory.Exists("/sys/module/nf_flow_table"); // The kernel sends no event when it begins to offload a flow.
    private ConntrackEvents? _events;
    private long _lastReceivedMs;
    private long _lastDumpMs;
    private long _dumpOnlySinceMs;
    private long _eventsOfSecond;
    private bool _overrunInSecond;

    /// <param name="visitor">Called for each event, in the kernel's order.</param>
    /// <param name="silentRedumpSeconds">Minimum time between two dumps that check flows which emit no events.</param>
    public TableFollower(
        FlowTable flows, ConntrackTable table, FlowEventVisitor visitor, Func<long> nowMs, FollowModeSwitch modeSwitch,
        int queueBytes, int silentRedumpSeconds)
    {
        _flows = flows;
        _table = table;
        _nowMs = nowMs;
        _modeSwitch = modeSwitch;
        _queueBytes = queueBytes;
        _minRedumpMs = silentRedumpSeconds * 1000;
        _visitor = (kind, in flow, portId) =>
        {
            _eventsOfSecond++;
            visitor(kind, in flow, portId);
        };
        _confirm = (in flow) => _flows.Confirm(in flow);
        _kernelSendsEvents = new Sysctl().TryRead(SysctlKey.Events, out long setting) != SysctlFault.None || setting != 0;
        if (_kernelSendsEvents)
            _events = ConntrackEvents.Listen(_queueBytes);
        _flows.Reserve((int)Math.Min(_table.Stats().Entries, int.MaxValue));
        Dump();
        _lastReceivedMs = _dumpOnlySinceMs = _nowMs();
    }

    public FollowMode Mode => _events is null ? FollowMode.DumpOnly : FollowMode.Events;

    /// <summary>The last <see cref="Follow"/> left no event in the queue that had come before it.</summary>
    public bool HasDrained { get; private set; }

    /// <summary>Waits for events, at most <paramref name="waitMs"/>, and applies them.</summary>
    public void Follow(int waitMs, List<Gap> gaps)
    {
        HasDrained = false;
        if (_events is null)
        {
            if (waitMs > 0)
                Thread.Sleep(waitMs);
            return;
        }

        long before = _eventsOfSecond;
        var outcome = _events.Receive(waitMs, _visitor);
        // A full batch means that more events are queued; bounded, so that resets are read in time.
        int batches = 1;
        for (; outcome == ReceiveOutcome.Data && batches < MaxBatchesPerCall && _eventsOfSecond - before >= (long)batches * NetlinkBatch.Capacity; batches++)
            outcome = _events.Receive(0, _visitor);

        if (outcome == ReceiveOutcome.Overrun)
        {
            Resync(gaps);
            return;
        }

        _lastReceivedMs = _nowMs();
        HasDrained = outcome == ReceiveOutcome.Timeout || _eventsOfSecond - before < (long)batches * NetlinkBatch.Capacity;
        // At a high rate a wait for each small batch would cost more than the events: let some gather. 2 ms at 200,000 events per
        // second use 1/100 of the queue.
        long taken = _eventsOfSecond - before;
        if (taken is >= MinEventsToGather and < MaxBatchesPerCall * NetlinkBatch.Capacity && waitMs > GatherMs)
            Thread.Sleep(GatherMs);
    }

    /// <summary>Ends a second: applies queued events, dumps if due, and switches the mode if the rate requires it.</summary>
    /// <returns>Number of events in this second.</returns>
    public uint EndSecond(List<Gap> gaps)
    {
        // Bounded, so that events that arrive faster than they are read cannot delay the frame.
        for (int batches = 0; _events is not null && batches < MaxBatchesPerDrain; batches++)
        {
            var outcome = _events.Receive(0, _visitor);
            if (outcome == ReceiveOutcome.Timeout)
                break;
            if (outcome == ReceiveOutcome.Overrun)
                Resync(gaps);
        }

        long events = _eventsOfSecond;
        bool changed = _kernelSendsEvents && _modeSwitch.EndSecond(events, _overrunInSecond);
        _eventsOfSecond = 0;
        _overrunInSecond = false;
        if (changed)
            ApplyMode(gaps);
        else if (_nowMs() - _lastDumpMs >= RedumpMs)
            Dump();
        if (_events is null && _nowMs() - _dumpOnlySinceMs >= DumpOnlyGapMs)
            AddDumpOnlyGap(gaps);
        return (uint)Math.Min(events, uint.MaxValue);
    }

    /// <summary>Stops listening.</summary>
    public void Dispose() => _events?.Dispose();

    // A dump costs 3 µs per entry. Flows that emit no events need one occasionally, at 1/4 % of a core; so do the timeouts of all
    // others, which no event reports, less often; without any events dumps are the only source, at 5 %. Computed, not measured: on a busy node the duration of a dump is no measure of its cost.
    private long RedumpMs => _events is null
        ? Math.Max(2000, _flows.Count * 6L / 100)
        : Math.Max(_flows.Silent == 0 && !_offloads ? MaxTimeoutAgeMs : _minRedumpMs, _flows.Count * 6L / 5);

    private void ApplyMode(List<Gap> gaps)
    {
        if (_modeSwitch.Mode == FollowMode.DumpOnly)
        {
            _events?.Dispose();
            _events = null;
            _dumpOnlySinceMs = _nowMs();
            Dump();
            return;
        }

        AddDumpOnlyGap(gaps);
        _events = ConntrackEvents.Listen(_queueBytes);
        Dump();
        _lastReceivedMs = _nowMs();
    }

    private void AddDumpOnlyGap(List<Gap> gaps)
    {
        long now = _nowMs();
        gaps.Add(new Gap(GapKind.DumpOnly, _dumpOnlySinceMs, now, 0));
        _dumpOnlySinceMs = now;
    }

    private void Resync(List<Gap> gaps)
    {
        _overrunInSecond = true;
        // What is still queued is older than the loss: apply it before the dump, not after.
        for (int batches = 0; batches < MaxBatchesPerDrain && _events!.Receive(0, _visitor) != ReceiveOutcome.Timeout; batches++)
        {
        }

        Dump();
        long now = _nowMs();
        gaps.Add(new Gap(GapKind.EventsLost, _lastReceivedMs, now, 0));
        _lastReceivedMs = now;
    }

    private void Dump()
    {
        for (int attempt = 0; attempt < 5; attempt++)
        {
            _flows.BeginResync();
            bool interrupted = _table.Dump(_confirm);
            if (interrupted)
                continue; // Entries may have been skipped, so no missing flow may be removed.
            _flows.EndResync();
            break;
        }

        _lastDumpMs = _nowMs();
    }
}
