using System.Collections.Concurrent;
using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Cluster.State;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Kubernetes.Parsing;
using ConntrackConsole.Lifecycle;
using ConntrackConsole.Nodes;
using ConntrackConsole.Ownership;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Timeline.NodeCounters;
using ConntrackConsole.Timeline.Series;
using ConntrackConsole.Wire;


namespace ConntrackConsole.Timeline.Live;

/// <summary>
/// Answers from one snapshot of the store: joins the nodes' reports with the state of the cluster. Thread-safe; each window is computed
/// once for all who ask for it, so nothing in an answer may be changed.
/// </summary>
internal sealed class TimelineQueryExecutor(
    TimelineSnapshot snapshot, StateHistory states, LaneNames names, VipsByService vips, KeptWindows windows, SyncLog syncs, ClusterState cluster, long nowMs)
{
    /// <summary>How far back a pod's own resets are counted.</summary>
    private const long DetailMs = 3_600_000;

    // Maximum number of syncs in a view; more than this cannot be read by anyone.
    private const int MaxSyncs = 10_000;

    // A short pause of a collector does not refute what it reported.
    internal const long ReportingMs = 15_000;

    private readonly ClusterMap _map = cluster.Current;
    private readonly ConcurrentDictionary<TimelineQuery, Lazy<TimelineView>> _views = new();
    private readonly ConcurrentDictionary<Ip, long> _staleByIp = new();
    private readonly OwnershipHistory _history = cluster.History;
    private readonly VipsByService _resetVips = new(snapshot.ResetVips, names);
    private IReadOnlyList<NodeHealth>? _health;
    private int _computed;
    private string[]? _nodeNames;
    private GapSpan[]? _gaps;

    /// <summary>The store's version of the snapshot.</summary>
    public long Version { get; init; }

    public long NowMs => nowMs;

    /// <summary>How many views were computed.</summary>
    internal int Computed => Volatile.Read(ref _computed);

    public TimelineView View(TimelineQuery query) => _views.GetOrAdd(query, wanted => new Lazy<TimelineView>(() => Compute(wanted))).Value;

    private TimelineView Compute(TimelineQuery requested)
    {
        int columns = Math.Clamp(requested.Columns, 1, TimelineQuery.MaxColumns);
        // Whole milliseconds per column, so that a column's position never depends on rounding.
        long stepMs = Math.Max(1, (Math.Clamp(requested.ToMs - requested.FromMs, 1, TimelineStore.HorizonMs) + columns - 1) / columns);
        var query = requested with { Columns = columns, ToMs = requested.FromMs + (stepMs * columns) };
        using var reader = new LaneReader(snapshot, states, names, cluster, vips, windows, query, stepMs, nowMs);
        var (lanes, sum) = reader.Lanes();
        Interlocked.Increment(ref _computed);
        return new TimelineView(query.FromMs, query.ToMs, stepMs, columns, lanes, Terminations(query), Resets(query, stepMs), Gaps(query), Health(), nowMs)
        {
            Sum = sum, Rollouts = Rollouts(query), Restarts = Restarts(query), Settings = Settings(query),
            Counters = query.HasCounters ? Counters(query, stepMs) : null,
        };
    }

    private List<Rollout> Rollouts(TimelineQuery query) =>
    [
        .. cluster.Rollouts.Where(r =>
            r.StartedMs <= query.ToMs && (r.ClosedMs ?? nowMs) >= query.FromMs
            && (query.Namespace is null || r.Namespace == query.Namespace)),
    ];

    public List<PodRestart> Restarts(TimelineQuery query) =>
    [
        .. cluster.Restarts.Current.Where(r => r.AtMs >= query.FromMs && r.AtMs <= query.ToMs
            && (query.Namespace is null || r.Namespace == query.Namespace) && (query.Node is null || r.Node == query.Node)
            && (query.Service is null || r.Service?.Name == query.Service || r.Service?.ToString() == query.Service)),
    ];

    /// <summary>Of all nodes: the same for every question.</summary>
    public IReadOnlyList<NodeHealth> Health() => LazyInitializer.EnsureInitialized(ref _health, () =>
    [
        .. snapshot.Nodes.Select(n => new NodeHealth(
            n.Name, n.Connected, n.LastHeardMs, n.Hello?.Version ?? "", n.Hello?.Capabilities ?? [], n.Counters.Count, n.Counters.Max,
            n.Cost is { ClockOffsetMs: not int.MinValue } cost ? cost.ClockOffsetMs : null)),
    ]);

    /// <summary>One pod or address, for the side panel.</summary>
    /// <param name="podUidOrIp">An unknown value that is not an address returns a detail without a name.</param>
    /// <param name="asOfMs">The moment at which an address is resolved: another pod may have taken it since; null = now.</param>
    public PodDetail Detail(string podUidOrIp, long? asOfMs = null) =>
        Ip.TryParse(podUidOrIp, out var ip) ? Detail(null, ip, asOfMs) : Detail(podUidOrIp, default, null);

    private PodDetail Detail(string? podUid, Ip ip, long? asOfMs)
    {
        var then = podUid is null && asOfMs is { } atMs && atMs < nowMs ? _history.HolderAt(ip, atMs).Span : null;
        if (then is { PodUid.Length: > 0 })
            podUid = then.PodUid;
        var pod = podUid is null ? null : _map.Pods.GetValueOrDefault(podUid);
        var ended = cluster.Terminations.LastOrDefault(t => podUid is null ? !ip.IsNone && t.PodIp == ip : t.Uid == podUid);
        if (ip.IsNone)
            ip = pod?.Ip ?? ended?.PodIp ?? default;
        var owner = _map.OwnerOf(ip);
        // The map forgets former owners earlier than the history does.
        if (then is not null || owner.State == OwnerState.Unknown)
            owner = _history.OwnershipAt(ip, then is null ? nowMs : asOfMs!.Value);
        if (podUid is null)
            pod = owner.Pod;
        // Another pod may have taken the address since: then the termination that was found does not belong to this owner.
        if (podUid is null && pod is not null && ended?.Uid != pod.Uid)
            ended = null;

        var entries =
            from @group in snapshot.To(ip)
            from member in @group.Members
            let node = snapshot.Heads[member.Slot]
            where node is not null
            from state in Enumerable.Range(0, FlowStates.Count)
            let count = member.Now[state]
            where count > 0
            let flow = (FlowState)state
            orderby node.Name, @group.Key.Vip, flow
            select new NodeEntries(
                node.Name, ServiceName(@group.Key), flow.IsLive() ? states.Now(@group.Key) : EntryState.Closing, flow.Name(), (int)count);
        var near =
            from report in snapshot.Resets()
            where !ip.IsNone && report.Reset.AtMs >= nowMs - DetailMs
                && (report.Reset.Backend == ip || report.Reset.Src == ip || report.Reset.Dst == ip)
            group report.Reset by report.Reset.Kind into kind
            orderby kind.Key
            select new ResetCount(kind.Key, kind.Count(), kind.Max(r => r.AtMs));
        return new PodDetail(
            ip.ToString(), pod?.FullName ?? (ended is null ? owner.Name : $"{ended.Namespace}/{ended.Pod}"), pod?.Node ?? ended?.Node ?? then?.Node,
            pod?.Phase, owner, ended is null ? null : Span(ended) with { Synced = Synced(ended) }, [.. entries], [.. near],
            [
                .. from node in snapshot.Nodes
                   where !ip.IsNone && node.WatchedAddresses.ContainsKey(ip)
                   let row = node.WatchedAddresses[ip]
                   orderby node.Name
                   select new NodeLookups(node.Name, (int)row.Entries, (int)row.Unacknowledged, (int)row.Idle, (int)row.Alive),
            ]);
    }

    /// <summary>The resets that <see cref="Detail(string, long?)"/> counts for one address, for all of them.</summary>
    public Dictionary<Ip, int> ResetsByAddress(long fromMs, long toMs)
    {
        var counts = new Dictionary<Ip, int>();
        foreach (var report in snapshot.Resets())
        {
            var (backend, src, dst) = (report.Reset.Backend, report.Reset.Src, report.Reset.Dst);
            if (report.Reset.AtMs < fromMs || report.Reset.AtMs > toMs)
                continue;
            // An address that is several of them has been reset once.
            Count(backend);
            if (src != backend)
                Count(src);
            if (dst != backend && dst != src)
                Count(dst);
        }

        return counts;

        void Count(Ip ip)
        {
            if (!ip.IsNone)
                counts[ip] = counts.GetValueOrDefault(ip) + 1;
        }
    }

    private List<TerminationSpan> Terminations(TimelineQuery query)
    {
        var spans = new List<TerminationSpan>();
        foreach (var termination in cluster.Terminations)
        {
            bool wanted = (query.Namespace is null || termination.Namespace == query.Namespace)
                && (query.Service is null || (termination.Service is { } service && Matches(query, service)))
                && (query.Node is null || termination.Node == query.Node);
            if (!wanted)
                continue;
            if (termination.DeletionRequestedMs > query.ToMs)
                continue;
            // Current stale entries matter however long before the window their pod was deleted.
            if (Math.Max(termination.OverMs ?? nowMs, termination.EndpointRemovedMs ?? 0) >= query.FromMs || StaleOf(termination) > 0)
                spans.Add(Span(termination));
        }

        if (spans.Count * (long)Math.Max(snapshot.Count, _map.Nodes.Count) > MaxSyncs)
            return spans.ConvertAll(span => span with { SyncsOmitted = true });
        return [.. spans.Select(span => span with { Synced = Synced(span.Reported!) })];
    }

    private TerminationSpan Span(Termination t)
    {
        var owner = t.PodIp.IsNone ? OwnerState.Unknown : _map.OwnerOf(t.PodIp).State;
        return new TerminationSpan(
            t.Uid, t.Namespace, t.Pod, t.PodIp.ToString(), t.Node, t.Service?.ToString(), t.DeletionRequestedMs, t.EndpointTerminatingMs,
            t.EndpointRemovedMs, t.ContainerFinishedMs, t.ExitCode, t.DeletedMs, owner, (int)Math.Min(StaleOf(t), int.MaxValue)) { Reported = t };
    }

    private long StaleOf(Termination t)
    {
        if (t.PodIp.IsNone)
            return 0;
        if (_staleByIp.GetOrAdd(t.PodIp, StaleTo) is var stale && stale == 0)
            return 0;
        bool lastOwner = _map.PodAt(t.PodIp) is { } pod ? pod.Uid == t.Uid : _map.GoneAt(t.PodIp)?.Uid == t.Uid;
        return lastOwner ? stale : 0;
    }

    /// <summary>The Service ports with live entries that lead to a pod which is no ready backend of the Service.</summary>
    public List<(string Service, FlushScope Scope)> ScopesWithoutBackend(Ip ip) =>
    [
        .. from @group in snapshot.To(ip)
           let key = @group.Key
           where !key.Vip.IsNone && @group.Members.Any(m => m.Now.Live > 0) && states.Now(key) is EntryState.Reassigned or EntryState.Stale
           let service = _map.ServiceAt(key.Proto, key.Vip, key.Vport)
           where service is not null
           orderby key.Vip, key.Vport
           select (service.Value.ToString(), new FlushScope(Protocols.Name(key.Proto), key.Vip.ToString(), key.Vport)),
    ];

    // By the states first: nearly no terminated pod has stale entries, and a group's series are a copy.
    private long StaleTo(Ip ip)
    {
        ClusterGroup[] groups = [];
        int count = snapshot.Groups(ip, ref groups);
        long stale = 0;
        for (int i = 0; i < count; i++)
        {
            var key = groups[i].Key;
            if (states.Now(key) == EntryState.Stale)
                stale += snapshot.Of(key)?.Members.Sum(member => (long)member.Now.Live) ?? 0;
        }

        return stale;
    }

    private List<NodeSync> Synced(Termination t) => t.EndpointChangedMs is { } changedMs ? Syncs(changedMs, t.EndpointChangedNotBeforeMs) : [];

    /// <summary>For every node of the cluster, with or without a collector.</summary>
    public List<NodeSync> Syncs(long changedMs, long? notBeforeMs = null) =>
        [.. NodeNames.Select(node => syncs.After(node, changedMs, nowMs, notBeforeMs))];

    /// <summary>Of the cluster, with or without a collector.</summary>
    public int NodeCount => NodeNames.Length;

    private string[] NodeNames => LazyInitializer.EnsureInitialized(
        ref _nodeNames, () => [.. snapshot.Nodes.Select(n => n.Name).Union(_map.Nodes.Keys).Order(StringComparer.Ordinal)]);

    /// <summary>The current look-ups of some addresses by the nodes that report, and these nodes.</summary>
    public (List<WatchedAddress> Lookups, HashSet<string> Reporting) Lookups(IReadOnlySet<Ip> ips)
    {
        var reporting = snapshot.Nodes.Where(node => node.Connected && nowMs - node.LastHeardMs <= ReportingMs).ToList();
        return ([.. reporting.SelectMany(node => node.WatchedAddresses.Values).Where(row => ips.Contains(row.PodIp))], [.. reporting.Select(node => node.Name)]);
    }

    /// <summary>Changes of sysctls that are kept in memory, oldest first.</summary>
    public List<ReportedSetting> Settings(TimelineQuery query) =>
        [.. snapshot.Settings.Where(s => s.AtMs >= query.FromMs && s.AtMs <= query.ToMs && (query.Node is null || s.Node == query.Node))];

    /// <summary>For each column whether any node, or the node of the query, reported its table.</summary>
    public bool[] KnownColumns(TimelineQuery query, long stepMs)
    {
        var samples = new WindowSamples(query, stepMs, snapshot.Heads, _ => false);
        return Array.ConvertAll(samples.Zeros, value => value == 0);
    }

    private CounterLanes Counters(TimelineQuery query, long stepMs)
    {
        var builder = new CounterLaneBuilder(query.FromMs, stepMs, KnownColumns(query, stepMs));
        snapshot.ReadCounters(query.Node, builder);
        return builder.Build();
    }

    private ResetLane Resets(TimelineQuery query, long stepMs)
    {
        var lane = new ResetLane(new int[query.Columns], new int[query.Columns], new int[query.Columns]);
        if (query is { Namespace: null, Service: null, Node: null })
        {
            // A second that a column boundary splits is counted where it begins, so that every reset is drawn exactly once.
            long first = (query.FromMs + 999) / 1000;
            var seconds = snapshot.ResetSeconds(first, (query.ToMs + 999) / 1000);
            for (long second = first; second < first + seconds.Length; second++)
            {
                if (seconds[second - first] is not { } counts)
                    continue;
                for (int kind = 0; kind < counts.Length; kind++)
                    Put(lane, query, stepMs, second * 1000, (ResetKind)kind, counts[kind]);
            }

            return lane;
        }

        // A reset without an address of a Service is of no Service.
        var resets = query is { Namespace: null, Service: null }
            ? snapshot.Resets() : snapshot.Resets(_resetVips.For(query));
        foreach (var report in resets)
        {
            var reset = report.Reset;
            bool wanted = (query.Node is null || report.Node == query.Node)
                && (query is { Namespace: null, Service: null } || Matches(query, ServiceOf(reset)));
            if (wanted)
                Put(lane, query, stepMs, reset.AtMs, reset.Kind, 1);
        }

        return lane;
    }

    /// <summary>The resets of a window that are kept individually, in the order in which they were reported.</summary>
    public IEnumerable<ResetDeduplicator.Report> Reports(long fromMs, long toMs) =>
        snapshot.Resets().Where(report => report.Reset.AtMs >= fromMs && report.Reset.AtMs < toMs);

    /// <summary>Since when all resets are kept individually; 0 as far as memory reaches.</summary>
    public long ResetsCompleteSinceMs => snapshot.ResetsCompleteSinceMs;

    /// <summary>The current entries of a Service, by backend and node; those of a node that does not report are its last known ones.</summary>
    public List<BackendEntries> Backends(ServiceKey service)
    {
        var found = new List<BackendEntries>();
        foreach (var vip in vips.For(new TimelineQuery(nowMs, nowMs, 1, service.Namespace, service.Name)))
        {
            if (ServiceAt(vip.Proto, vip.Vip, vip.Vport, nowMs) != service)
                continue;
            found.AddRange(
                from @group in snapshot.At(vip)
                from member in @group.Members
                let node = snapshot.Heads[member.Slot]
                where node is not null && member.Now.Total > 0
                select new BackendEntries(
                    node.Name, !node.IsSilent(nowMs), vip.Vip.ToString(), vip.Vport, @group.Key.Backend.ToString(), @group.Key.Bport,
                    member.Now.Live > 0 ? states.Now(@group.Key) : EntryState.Closing, member.Now.Live, member.Now.Total - member.Now.Live));
        }

        return found;
    }

    /// <summary>The Service of a reset's flow, as of its time; null if it has none.</summary>
    public ServiceKey? ServiceOf(in Reset reset) =>
        reset.Vip.IsNone ? null : ServiceAt(Protocols.Tcp, reset.Vip, reset.Vport, reset.AtMs);

    private static void Put(ResetLane lane, TimelineQuery query, long stepMs, long atMs, ResetKind kind, int count)
    {
        if (atMs < query.FromMs || atMs >= query.ToMs)
            return;
        int column = (int)((atMs - query.FromMs) / stepMs);
        var row = kind switch
        {
            ResetKind.UnNated => lane.UnNated,
            ResetKind.FromBackend or ResetKind.RefusedSyn or ResetKind.NewBackend => lane.FromBackend,
            _ => lane.Other,
        };
        row[column] += count;
    }

    /// <summary>Gaps that overlap the window, including those of silent nodes.</summary>
    public List<GapSpan> Gaps(TimelineQuery query)
    {
        var all = LazyInitializer.EnsureInitialized(ref _gaps, () =>
        [
            .. snapshot.Gaps,
            .. snapshot.Nodes.Where(n => n.LastAtMs > 0 && n.IsSilent(nowMs)).Select(n => new GapSpan(
                n.Name, GapKind.Silent, n.LastAtMs, nowMs, GapLog.Text(n.Name, GapKind.Silent, nowMs - n.LastAtMs, 0))),
        ]);
        return [.. all.Where(g => g.ToMs >= query.FromMs && g.FromMs <= query.ToMs && (query.Node is null || g.Node is null || g.Node == query.Node))];
    }

    private string? ServiceName(in GroupKey key) =>
        key.Vip.IsNone ? null : ServiceAt(key.Proto, key.Vip, key.Vport, nowMs)?.ToString() ?? key.Vip.ToString();

    // An entry outlives its Service; and before the first list the map is the best source there is.
    private ServiceKey? ServiceAt(byte proto, Ip vip, ushort port, long atMs) =>
        (_history.ServiceAt(proto, vip, port, atMs) ?? _history.LastServiceUntil(proto, vip, port, atMs))?.Key ?? _map.ServiceAt(proto, vip, port);

    internal static bool Matches(TimelineQuery query, ServiceKey? service) =>
        (query.Namespace is null || service?.Namespace == query.Namespace)
        && (query.Service is null || service?.Name == query.Service || service?.ToString() == query.Service);
}
