using System.Globalization;
using ConntrackConsole.Collector.Ipvs;
using ConntrackConsole.Collector.KubeProxy;
using ConntrackConsole.Collector.Observation;
using ConntrackConsole.Collector.Observation.Flows;
using ConntrackConsole.Collector.Observation.Resets;
using ConntrackConsole.Kernel.Conntrack;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Kernel.Packets;
using ConntrackConsole.Kernel.Proc;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Explain;

/// <summary>
/// Observes one pod address on this node for some seconds, read-only: follows events and resets like the daemon, looks up the
/// address's entries every second, counts its packets.
/// </summary>
internal sealed class ExplainObserver(Ip podIp, int seconds, ResetChoice choice = ResetChoice.Auto)
{
    private const int MaxEntries = 500;
    private const int ListIntervalSeconds = 5;

    private readonly Sysctl _sysctl = new();
    private readonly TaskCompletionSource _started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Dictionary<FlowEntryId, AcknowledgementTracker> _trackers = [];
    private readonly HashSet<FlowEntryId> _closed = [];
    private readonly Dictionary<GroupKey, uint> _closeCounts = [];
    private readonly HashSet<(Ip, ushort)> _unNated = [], _fromBackend = [], _refused = [], _newBackend = [], _aborts = [], _unknown = [];
    private Counters _counters;
    private int _other, _lost, _lostByKernel, _midStream, _unNatedEntries, _gaps, _closedByEvents;

    /// <param name="listening">Called once, when the observation has started.</param>
    public async Task<Evidence> RunAsync(Action listening, CancellationToken stop)
    {
        using var resets = ResetSource.TryOpen(choice, out string why);
        string? noResets = resets is null ? why : null;
        string? incomplete = resets is { TracesEverySender: false, IsDouble: false }
            ? $"{ResetSource.UntracedSenders} Use --resets both.{(why.Length == 0 ? "" : " " + why)}" : null;
        using var tap = AddressTap.TryOpen(podIp, out string? noPackets);
        using var proxy = new KubeProxyScraper(TimeProvider.System);
        var proxyReading = proxy.ReadAsync(stop);
        using var until = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var observer = new NodeObserver(new Grouping([]), TimeProvider.System, resets, () => null);
        var observing = Task.Factory.StartNew(
            () => observer.Run(Take, until.Token), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        await Task.WhenAny(_started.Task, observing);
        listening();
        using var table = ConntrackTable.Open();
        uint unacknowledged = Unacknowledged();
        for (int second = 0; second <= seconds && !observing.IsCompleted; second++)
        {
            if (second > 0)
                await Task.Delay(1000, stop);
            if (second % ListIntervalSeconds == 0)
                List(table);
            tap?.Drain();
            Look(table, unacknowledged);
        }

        await until.CancelAsync();
        await observing; // Rethrows its failure.
        tap?.Drain();
        return Conclude(table, unacknowledged, noResets, incomplete, tap, noPackets, await proxyReading);
    }

    // Runs on the observer's thread; its results are read only after that thread has ended.
    private void Take(NodeFrame frame)
    {
        if (frame.Sequence > 1) // The first frame's counters cover a partial second and are ignored.
        {
            var now = frame.Counters;
            _counters = new Counters(
                _counters.Invalid + now.Invalid, _counters.Drop + now.Drop, _counters.EarlyDrop + now.EarlyDrop,
                _counters.InsertFailed + now.InsertFailed, now.Count, now.Max,
                _counters.SearchRestart + now.SearchRestart, _counters.ClashResolve + now.ClashResolve);
        }
        else
        {
            _counters = frame.Counters;
            _started.TrySetResult();
        }

        _gaps += frame.Gaps.Count(gap => gap.Kind != GapKind.Started);
        foreach (var reset in frame.Resets)
            Take(in reset);
        foreach (var note in frame.Notes)
        {
            if (note.Backend != podIp && note.Src != podIp)
                continue;
            _lost += note.Kind == FlowNoteKind.Lost ? 1 : 0;
            _lostByKernel += note.Cause == LossCause.ByKernel ? 1 : 0;
            _midStream += note.Kind == FlowNoteKind.MidStream ? 1 : 0;
            _unNatedEntries += note.Kind == FlowNoteKind.UnNated ? 1 : 0;
        }

        foreach (var group in frame.Groups)
        {
            if (group.Key.Backend != podIp || group.Key.Vip.IsNone)
                continue;
            uint closed = group.Counts[(int)FlowState.Close];
            uint before = _closeCounts.GetValueOrDefault(group.Key, frame.Sequence == 1 ? closed : 0);
            _closedByEvents += (int)(closed > before ? closed - before : 0);
            _closeCounts[group.Key] = closed;
        }
    }

    // A reset can be observed at the sender and at the receiver: identified by its client, it counts once.
    private void Take(in Reset reset)
    {
        if (reset.Backend != podIp && reset.Src != podIp && reset.Dst != podIp)
            return;
        bool unknown = reset is { Kind: ResetKind.Other, Received: true, Vip.IsNone: false };
        bool byClient = unknown || reset.Kind is ResetKind.UnNated or ResetKind.ClientAbort;
        var client = byClient ? (reset.Src, reset.Sport) : (reset.Dst, reset.Dport);
        switch (reset.Kind)
        {
            case ResetKind.UnNated:
                _unNated.Add(client);
                break;
            case ResetKind.FromBackend:
                _fromBackend.Add(client);
                break;
            case ResetKind.RefusedSyn:
                _refused.Add(client);
                break;
            case ResetKind.NewBackend:
                _newBackend.Add(client);
                break;
            case ResetKind.ClientAbort:
                _aborts.Add(client);
                break;
            case ResetKind.Other when unknown:
                _unknown.Add(client);
                break;
            default:
                _other++;
                break;
        }
    }

    private void List(ConntrackTable table)
    {
        foreach (var flow in table.List(flow => flow.Reply.Src == podIp))
        {
            if (flow is { State: FlowState.Established, IsTranslated: true } && flow.Orig.Proto == Protocols.Tcp && _trackers.Count < MaxEntries)
                _trackers.TryAdd(new FlowEntryId(flow.Reply, flow.Zone), default);
        }
    }

    private void Look(ConntrackTable table, uint unacknowledged)
    {
        long nowMs = Environment.TickCount64;
        foreach (var name in _trackers.Keys.ToList())
        {
            var found = table.Get(name.Reply, name.Zone);
            if (found is { State: FlowState.Established, TimeoutSeconds: { } timeout })
            {
                var look = _trackers[name];
                look.Next(timeout, unacknowledged, nowMs);
                _trackers[name] = look;
                continue;
            }

            // A missing entry does not count: it may have ended with FIN instead of a reset.
            // An offloaded one is not looked up again: nothing about it would change.
            if (found is { State: FlowState.Close })
                _closed.Add(name);
            _trackers.Remove(name);
        }
    }

    private Evidence Conclude(ConntrackTable table, uint unacknowledged, string? noResets, string? incomplete, AddressTap? tap, string? noPackets, ProxyReading proxy)
    {
        long nowMs = Environment.TickCount64;
        var entries = table.List(flow => flow.Reply.Src == podIp);
        var (route, neighbourFailed, text) = RouteTo.Find(podIp);
        // The pod's socket receives the un-NATed reset too, and its node may report both.
        _aborts.ExceptWith(_unNated);
        _unknown.ExceptWith(_unNated);
        _unknown.ExceptWith(_aborts);
        int follow = _fromBackend.Count(_unNated.Contains);
        int unclear = _fromBackend.Count(_unknown.Contains);
        return new Evidence
        {
            PodIp = podIp,
            Seconds = seconds,
            Entries =
            [
                .. entries.GroupBy(flow => (flow.Orig.Proto, flow.StateName, Bucket: flow.TimeoutSeconds is { } timeout ? Bucket(timeout, unacknowledged) : "not reported"))
                    .OrderByDescending(bucket => bucket.Count())
                    .Select(bucket => new EntryBucket(Protocols.Name(bucket.Key.Proto), bucket.Key.StateName, bucket.Key.Bucket, bucket.Count())),
            ],
            Established = _trackers.Count,
            Stuck = _trackers.Values.Count(look => look is { EverRose: false, ProvesNothing: false, UnacknowledgedSamples: >= 5 }
                && nowMs - look.UnacknowledgedSinceMs >= Evidence.StuckSeconds * 1000),
            Answered = _trackers.Values.Count(look => look.EverRose),
            Idle = _trackers.Values.Count(look => !look.EverRose && look.UnacknowledgedSamples == 0),
            Cut = _trackers.Values.Count(look => look is { EverRose: false, ProvesNothing: true }),
            Offloaded = entries.Count(flow => flow.State == FlowState.Offloaded),
            Closed = Math.Max(_closed.Count, _closedByEvents),
            UnNatedResets = _unNated.Count,
            BackendResets = _fromBackend.Count - follow - unclear,
            BackendResetsThatFollow = follow,
            RefusedSyns = _refused.Count,
            NewBackendResets = _newBackend.Count,
            ClientAborts = _aborts.Count,
            UnknownClientResets = _unknown.Count,
            BackendResetsUnclear = unclear,
            ResetsIncomplete = incomplete,
            OtherResets = _other,
            LostEntries = _lost,
            LostByKernel = _lostByKernel,
            Ipvs = IpvsSnapshot.TryRead(podIp) is { } ipvs ? new IpvsEvidence(ipvs.Summary, ipvs.Servers) : null,
            MidStreamEntries = _midStream,
            UnNatedEntries = _unNatedEntries,
            Counters = _counters,
            ResetsMissing = noResets,
            Packets = tap is null ? null : (tap.From, tap.To),
            PacketsMissing = noPackets,
            Route = route,
            NeighbourFailed = neighbourFailed,
            RouteText = text,
            Settings = _sysctl.ReadAll(),
            Proxy = proxy,
            Gaps = _gaps,
        };
    }

    private uint Unacknowledged() =>
        _sysctl.TryRead(SysctlKey.TcpTimeoutUnacknowledged, out long unacknowledged) == SysctlFault.None
        && _sysctl.TryRead(SysctlKey.TcpTimeoutEstablished, out long established) == SysctlFault.None
        && established > unacknowledged ? (uint)unacknowledged : 0;

    private static string Bucket(uint timeout, uint unacknowledged) => timeout switch
    {
        <= 30 => "≤ 30 s",
        _ when timeout <= unacknowledged => string.Create(CultureInfo.InvariantCulture, $"≤ {unacknowledged} s"),
        <= 3600 => "≤ 1 h",
        _ => "> 1 h",
    };
}
