using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Cluster.State;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Kubernetes.Parsing;
using ConntrackConsole.Lifecycle;
using ConntrackConsole.Nodes;
using ConntrackConsole.Ownership;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Wire;


namespace ConntrackConsole.Timeline.Live;

/// <summary>One snapshot of the store, under its lock: joins the nodes' reports with the state of the cluster.</summary>
internal sealed class TimelineQueryExecutor(
    Dictionary<string, NodeTimeline> nodes, ResetDeduplicator resets, GapLog gaps, IEnumerable<ReportedSetting> settings, StateHistory states, SyncLog syncs,
    ClusterState cluster, long nowMs)
{
    /// <summary>How far back a pod's own resets are counted.</summary>
    private const long DetailMs = 3_600_000;

    // Maximum number of syncs in a view; more than this cannot be read by anyone.
    private const int MaxSyncs = 10_000;

    // A short pause of a collector does not refute what it reported.
    private const long ReportingMs = 15_000;

    private readonly ClusterMap _map = cluster.Current;
    private Dictionary<Ip, long>? _staleByIp;
    private readonly OwnershipHistory _history = cluster.History;

    public TimelineView View(TimelineQuery requested)
    {
        int columns = Math.Clamp(requested.Columns, 1, TimelineQuery.MaxColumns);
        // Whole milliseconds per column, so that a column's position never depends on rounding.
        long stepMs = Math.Max(1, (Math.Clamp(requested.ToMs - requested.FromMs, 1, TimelineStore.HorizonMs) + columns - 1) / columns);
        var query = requested with { Columns = columns, ToMs = requested.FromMs + (stepMs * columns) };
        return new TimelineView(
            query.FromMs, query.ToMs, stepMs, columns, Lanes(query, stepMs), Terminations(query), Resets(query, stepMs),
            Gaps(query), Health(), nowMs) { Rollouts = Rollouts(query), Restarts = Restarts(query), Settings = Settings(query) };
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

    public IReadOnlyList<NodeHealth> Health() =>
    [
        .. nodes.Values.OrderBy(n => n.Name, StringComparer.Ordinal).Select(n => new NodeHealth(
            n.Name, n.Connected, n.LastHeardMs, n.Hello?.Version ?? "", n.Hello?.Capabilities ?? [], n.Counters.Count, n.Counters.Max,
            n.Cost is { ClockOffsetMs: not int.MinValue } cost ? cost.ClockOffsetMs : null)),
    ];

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
            from node in nodes.Values
            from @group in node.Groups
            where @group.Key.Backend == ip && !ip.IsNone
            from state in Enumerable.Range(0, FlowStates.Count)
            let count = @group.Value.Now[state]
            where count > 0
            let flow = (FlowState)state
            orderby node.Name, @group.Key.Vip, flow
            select new NodeEntries(
                node.Name, ServiceName(@group.Key), flow.IsLive() ? states.Now(@group.Key) : EntryState.Closing, flow.Name(), (int)count);
        var near =
            from report in resets.Kept
            where !ip.IsNone && report.Reset.AtMs >= nowMs - DetailMs
                && (report.Reset.Backend == ip || report.Reset.Src == ip || report.Reset.Dst == ip)
            group report.Reset by report.Reset.Kind into kind
            orderby kind.Key
            select new ResetCount(kind.Key, kind.Count(), kind.Max(r => r.AtMs));
        return new PodDetail(
            ip.ToString(), pod?.FullName ?? (ended is null ? owner.Name : $"{ended.Namespace}/{ended.Pod}"), pod?.Node ?? ended?.Node ?? then?.Node,
            pod?.Phase, owner, ended is null ? null : Span(ended) with { Synced = Synced(ended) }, [.. entries], [.. near],
            [
                .. from node in nodes.Values
                   where !ip.IsNone && node.WatchedAddresses.ContainsKey(ip)
                   let row = node.WatchedAddresses[ip]
                   orderby node.Name
                   select new NodeLookups(node.Name, (int)row.Entries, (int)row.Unacknowledged, (int)row.Idle, (int)row.Alive),
            ]);
    }

    private List<ServiceLane> Lanes(TimelineQuery query, long stepMs)
    {
        var timelines = nodes.Values.Where(n => query.Node is null || n.Name == query.Node).ToList();
        var ipvs = IpvsNow(query, timelines);
        var lanes =
            from key in timelines.SelectMany(n => n.Groups.Keys).Distinct()
            where !key.Vip.IsNone
            group key by (key.Proto, key.Vip, key.Vport) into vip
            from assignment in VipAssignment.Of(_map, _history, vip.Key.Proto, vip.Key.Vip, vip.Key.Vport, query, nowMs)
            let service = assignment.Service
            where Matches(query, service)
            orderby service is null, service?.Namespace, service?.Name, vip.Key.Vip, vip.Key.Vport
            let backends = Backends(vip, timelines, query, stepMs, assignment)
            where backends.Count > 0
            let kept = assignment.ToMs > nowMs ? ipvs.GetValueOrDefault(vip.Key) : default
            select new ServiceLane(
                service?.Namespace ?? "", service?.Name ?? "", vip.Key.Vip.ToString(), vip.Key.Vport, Protocols.Name(vip.Key.Proto), backends)
            {
                // An earlier Service of the address is no claim of now.
                Claims = assignment.ToMs == long.MaxValue ? Claims(vip.Key.Proto, vip.Key.Vip, vip.Key.Vport) : [],
                IpvsRemoved = kept.Removed, IpvsDraining = kept.Draining,
            };
        return [.. lanes];
    }

    private List<string> Claims(byte proto, Ip vip, ushort port)
    {
        var claims = _map.ClaimsOf(proto, vip, port);
        return claims.Count < 2 ? [] : [.. Enumerable.Range(0, claims.Count).Select(i => claims[i].Key.ToString()).Order(StringComparer.Ordinal)];
    }

    // What IPVS keeps has no history: only a window that reaches the present has it.
    private Dictionary<(byte Proto, Ip Vip, ushort Vport), (long Removed, long Draining)> IpvsNow(TimelineQuery query, List<NodeTimeline> timelines)
    {
        var sums = new Dictionary<(byte, Ip, ushort), (long Removed, long Draining)>();
        if (query.ToMs < nowMs - ReportingMs)
            return sums;
        foreach (var kept in timelines.Where(node => !node.IsSilent(nowMs)).SelectMany(node => node.Ipvs?.Servers ?? []))
        {
            var key = (kept.Proto, kept.Vip, kept.Vport);
            var (removed, draining) = sums.GetValueOrDefault(key);
            sums[key] = kept.IsRemoved ? (removed + kept.Connections, draining) : (removed, draining + kept.Connections);
        }

        return sums;
    }

    private List<BackendSeries> Backends(
        IEnumerable<GroupKey> keys, List<NodeTimeline> timelines, TimelineQuery query, long stepMs, in VipAssignment assignment)
    {
        var series = new List<BackendSeries>();
        foreach (var key in keys.OrderBy(k => k.Backend).ThenBy(k => k.Bport))
        {
            var aggregator = new ColumnAggregator(query, stepMs);
            uint live = 0;
            uint all = 0;
            foreach (var node in timelines)
            {
                var group = node.Groups.GetValueOrDefault(key);
                bool ended = !node.Connected && cluster.IsReady && !_map.Nodes.ContainsKey(node.Name);
                aggregator.Add(node.Known, group?.Steps, ended, node.Cost is { ClockOffsetMs: not int.MinValue } cost ? cost.ClockOffsetMs : 0);
                live += group?.Now.Live ?? 0;
                all += group?.Now.Total ?? 0;
            }

            if (!aggregator.HasAny)
                continue;
            var (entries, closing, stale) = aggregator.Reduce(StateHistory.Within(_history, key, query.FromMs, query.ToMs));
            if (!assignment.Keep(query, stepMs, nowMs, entries, closing, stale))
                continue;
            var (owner, former) = OwnerNames.At(_map, _history, key.Backend, Math.Max(query.FromMs, assignment.FromMs), Math.Min(query.ToMs, assignment.ToMs - 1), nowMs);
            var now = live == 0 && all > 0 ? EntryState.Closing : states.Now(key);
            series.Add(new BackendSeries(key.Backend.ToString(), key.Bport, owner.Name, owner.State, now, entries, closing, stale) { FormerPods = former });
        }

        return series;
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
            bool inWindow = termination.DeletionRequestedMs <= query.ToMs
                && Math.Max(termination.OverMs ?? nowMs, termination.EndpointRemovedMs ?? 0) >= query.FromMs;
            // Current stale entries matter however long ago their pod was deleted.
            if (inWindow || StaleOf(termination) > 0)
                spans.Add(Span(termination));
        }

        if (spans.Count * (long)Math.Max(nodes.Count, _map.Nodes.Count) > MaxSyncs)
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
        _staleByIp ??= StaleEntries();
        if (!_staleByIp.TryGetValue(t.PodIp, out long stale))
            return 0;
        bool lastOwner = _map.PodAt(t.PodIp) is { } pod ? pod.Uid == t.Uid : _map.GoneAt(t.PodIp)?.Uid == t.Uid;
        return lastOwner ? stale : 0;
    }

    /// <summary>The Service ports with live entries that lead to a pod which is no ready backend of the Service.</summary>
    public List<(string Service, FlushScope Scope)> ScopesWithoutBackend(Ip ip) =>
    [
        .. from key in nodes.Values.SelectMany(n => n.Groups.Where(g => g.Key.Backend == ip && !g.Key.Vip.IsNone && g.Value.Now.Live > 0).Select(g => g.Key)).Distinct()
           where states.Now(key) is EntryState.Reassigned or EntryState.Stale
           let service = _map.ServiceAt(key.Proto, key.Vip, key.Vport)
           where service is not null
           orderby key.Vip, key.Vport
           select (service.Value.ToString(), new FlushScope(Protocols.Name(key.Proto), key.Vip.ToString(), key.Vport)),
    ];

    // Once per query: the log may hold thousands of terminations, and a node thousands of groups.
    private Dictionary<Ip, long> StaleEntries()
    {
        var byIp = new Dictionary<Ip, long>();
        foreach (var node in nodes.Values)
        {
            foreach (var (key, group) in node.Groups)
            {
                if (group.Now.Live > 0 && states.Now(key) == EntryState.Stale)
                    byIp[key.Backend] = byIp.GetValueOrDefault(key.Backend) + group.Now.Live;
            }
        }

        return byIp;
    }

    private List<NodeSync> Synced(Termination t) => t.EndpointChangedMs is { } changedMs ? Syncs(changedMs, t.EndpointChangedNotBeforeMs) : [];

    /// <summary>For every node of the cluster, with or without a collector.</summary>
    public List<NodeSync> Syncs(long changedMs, long? notBeforeMs = null) =>
        [.. nodes.Keys.Union(_map.Nodes.Keys).Order(StringComparer.Ordinal).Select(node => syncs.After(node, changedMs, nowMs, notBeforeMs))];

    /// <summary>The current look-ups of some addresses by the nodes that report, and these nodes.</summary>
    public (List<WatchedAddress> Lookups, HashSet<string> Reporting) Lookups(IReadOnlySet<Ip> ips)
    {
        var reporting = nodes.Values.Where(node => node.Connected && nowMs - node.LastHeardMs <= ReportingMs).ToList();
        return ([.. reporting.SelectMany(node => node.WatchedAddresses.Values).Where(row => ips.Contains(row.PodIp))], [.. reporting.Select(node => node.Name)]);
    }

    /// <summary>Changes of sysctls that are kept in memory, oldest first.</summary>
    public List<ReportedSetting> Settings(TimelineQuery query) =>
        [.. settings.Where(s => s.AtMs >= query.FromMs && s.AtMs <= query.ToMs && (query.Node is null || s.Node == query.Node))];

    /// <summary>For each column whether any node, or the node of the query, reported its table.</summary>
    public bool[] KnownColumns(TimelineQuery query, long stepMs)
    {
        bool[] known = new bool[query.Columns];
        int perColumn = (int)Math.Max(1, stepMs / 1000);
        foreach (var node in nodes.Values.Where(n => query.Node is null || n.Name == query.Node))
        {
            int stretch = 0;
            for (int sample = 0; sample < known.Length * perColumn; sample++)
            {
                long atMs = query.FromMs + ((sample + 1) * stepMs / perColumn);
                while (stretch < node.Known.Count && node.Known[stretch].ToMs < atMs)
                    stretch++;
                if (stretch < node.Known.Count && node.Known[stretch].FromMs <= atMs)
                    known[sample / perColumn] = true;
            }
        }

        return known;
    }

    private ResetLane Resets(TimelineQuery query, long stepMs)
    {
        var lane = new ResetLane(new int[query.Columns], new int[query.Columns], new int[query.Columns]);
        if (query is { Namespace: null, Service: null, Node: null })
        {
            // A second that a column boundary splits is counted where it begins, so that every reset is drawn exactly once.
            for (long second = (query.FromMs + 999) / 1000; second * 1000 < query.ToMs; second++)
            {
                if (resets.At(second) is not { } counts)
                    continue;
                for (int kind = 0; kind < counts.Length; kind++)
                    Put(lane, query, stepMs, second * 1000, (ResetKind)kind, counts[kind]);
            }

            return lane;
        }

        foreach (var report in resets.Kept)
        {
            var reset = report.Reset;
            bool wanted = (query.Node is null || report.Node == query.Node)
                && (query is { Namespace: null, Service: null } || Matches(query, ServiceOf(reset)));
            if (wanted)
                Put(lane, query, stepMs, reset.AtMs, reset.Kind, 1);
        }

        return lane;
    }

    private ServiceKey? ServiceOf(in Reset reset) =>
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
        var open = nodes.Values.Where(n => n.LastAtMs > 0 && n.IsSilent(nowMs)).Select(n => new GapSpan(
            n.Name, GapKind.Silent, n.LastAtMs, nowMs, GapLog.Text(n.Name, GapKind.Silent, nowMs - n.LastAtMs, 0)));
        return
        [
            .. gaps.Spans.Concat(open).Where(g =>
                g.ToMs >= query.FromMs && g.FromMs <= query.ToMs && (query.Node is null || g.Node is null || g.Node == query.Node)),
        ];
    }

    private string? ServiceName(in GroupKey key) =>
        key.Vip.IsNone ? null : ServiceAt(key.Proto, key.Vip, key.Vport, nowMs)?.ToString() ?? key.Vip.ToString();

    // An entry outlives its Service; and before the first list the map is the best source there is.
    private ServiceKey? ServiceAt(byte proto, Ip vip, ushort port, long atMs) =>
        (_history.ServiceAt(proto, vip, port, atMs) ?? _history.LastServiceUntil(proto, vip, port, atMs))?.Key ?? _map.ServiceAt(proto, vip, port);

    private static bool Matches(TimelineQuery query, ServiceKey? service) =>
        (query.Namespace is null || service?.Namespace == query.Namespace)
        && (query.Service is null || service?.Name == query.Service || service?.ToString() == query.Service);
}
