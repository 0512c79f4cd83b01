using System.Globalization;
using ConntrackConsole.Collector.Ipvs;
using ConntrackConsole.Collector.KubeProxy;
using ConntrackConsole.Collector.Observation;
using ConntrackConsole.Collector.Observation.Flows;
using ConntrackConsole.Collector.Observation.Resets;
using ConntrackConsole.Diagnosis.Facts;
using ConntrackConsole.Diagnosis.Rules;
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
    private const int MinSeconds = 2;

    private readonly Sysctl _sysctl = new();
    private readonly TaskCompletionSource _started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Dictionary<FlowEntryId, AcknowledgementTracker> _trackers = [];
    private readonly HashSet<FlowEntryId> _closed = [];
    private readonly Dictionary<GroupKey, uint> _closeCounts = [];
    private readonly ResetTally _resets = new(podIp);
    private readonly NoteTally _notes = new(podIp);
    private Counters _counters;
    private int _gaps, _closedByEvents;

    /// <param name="listening">Called once, when the observation has started.</param>
    public async Task<AddressObservation> RunAsync(Action listening, CancellationToken stop)
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
        int observed = seconds;
        for (int second = 0; second <= seconds && !observing.IsCompleted; second++)
        {
            if (second > 0)
                await Task.Delay(1000, stop);
            if (second % ListIntervalSeconds == 0)
                List(table);
            tap?.Drain();
            Look(table, unacknowledged);
            if (IsCertain(second, tap))
            {
                observed = second;
                break;
            }
        }

        await until.CancelAsync();
        await observing; // Rethrows its failure.
        tap?.Drain();
        return Conclude(table, observed, unacknowledged, noResets, incomplete, tap, noPackets, await proxyReading);
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
            _resets.Add(in reset);
        foreach (var note in frame.Notes)
            _notes.Add(in note);

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

    private AddressObservation Conclude(ConntrackTable table, int observed, uint unacknowledged, string? noResets, string? incomplete, AddressTap? tap, string? noPackets, ProxyReading proxy)
    {
        var entries = table.List(flow => flow.Reply.Src == podIp);
        var resets = _resets.ToEvidence(incomplete);
        var notes = _notes.ToEvidence();
        return Sample(observed, tap) with
        {
            Entries =
            [
                .. entries.GroupBy(flow => (flow.Orig.Proto, flow.StateName, Bucket: flow.TimeoutSeconds is { } timeout ? Bucket(timeout, unacknowledged) : "not reported"))
                    .OrderByDescending(bucket => bucket.Count())
                    .Select(bucket => new EntryBucket(Protocols.Name(bucket.Key.Proto), bucket.Key.StateName, bucket.Key.Bucket, bucket.Count())),
            ],
            Offloaded = entries.Count(flow => flow.State == FlowState.Offloaded),
            Closed = Math.Max(_closed.Count, _closedByEvents),
            UnNatedResets = resets.UnNated.Count,
            BackendResets = resets.FromBackend.Count,
            BackendResetsThatFollow = resets.FromBackendFollowing,
            RefusedSyns = resets.RefusedSyns.Count,
            NewBackendResets = resets.NewBackend.Count,
            ClientAborts = resets.ClientAborts,
            UnknownClientResets = resets.UnknownSender,
            BackendResetsUnclear = resets.FromBackendUnclear,
            ResetsIncomplete = resets.Incomplete,
            OtherResets = resets.Other,
            LostEntries = notes.LostTotal,
            LostByKernel = notes.LostFor(LossCause.ByKernel),
            LostByTimeout = notes.LostFor(LossCause.Timeout),
            LostByDelete = notes.LostFor(LossCause.OwnDelete) + notes.LostFor(LossCause.ForeignDelete),
            LostByEviction = notes.LostFor(LossCause.Kernel),
            Ipvs = IpvsSnapshot.TryRead(podIp) is { } ipvs ? new IpvsEvidence(ipvs.Summary, ipvs.Servers) : null,
            MidStreamEntries = notes.MidStream.Count,
            UnNatedEntries = notes.UnNated.Count,
            Counters = _counters,
            ResetsMissing = noResets,
            PacketsMissing = noPackets,
            Settings = _sysctl.ReadAll(),
            Proxy = proxy,
            Gaps = _gaps,
        };
    }

    // Packets cannot arrive, so no answer can come: more samples would show the same.
    private bool IsCertain(int second, AddressTap? tap) =>
        second >= MinSeconds && _trackers.Values.Any(look => look.IsUnacknowledged(Environment.TickCount64))
        && Sample(second, tap) is { IsRouteDead: true } seen && M4.Evaluate(seen.ToEvidence()).Findings.Count > 0;

    // The entries as they were last looked up, and where packets to the address go.
    private AddressObservation Sample(int second, AddressTap? tap)
    {
        long nowMs = Environment.TickCount64;
        var (route, neighbourFailed, text) = RouteTo.Find(podIp);
        var looks = _trackers.Values;
        return new AddressObservation
        {
            PodIp = podIp,
            Seconds = second,
            Established = looks.Count,
            Waiting = looks.Count(look => !look.EverRose && look.IsUnacknowledged(nowMs)),
            Stuck = looks.Count(look => look is { EverRose: false, ProvesNothing: false, UnacknowledgedSamples: >= 5 }
                && nowMs - look.UnacknowledgedSinceMs >= LookupEvidence.StuckSeconds * 1000),
            Answered = looks.Count(look => look.EverRose),
            Idle = looks.Count(look => !look.EverRose && look.UnacknowledgedSamples == 0),
            Cut = looks.Count(look => look is { EverRose: false, ProvesNothing: true }),
            Packets = tap is null ? null : (tap.From, tap.To),
            Route = route,
            NeighbourFailed = neighbourFailed,
            RouteText = text,
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
