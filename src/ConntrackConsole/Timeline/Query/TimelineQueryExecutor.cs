
using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Cluster.State;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Kubernetes.Parsing;
using ConntrackConsole.Lifecycle;
using ConntrackConsole.Nodes;
using ConntrackConsole.Ownership;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Timeline.Query;

/// <summary>One snapshot of the store, under its lock: joins what the nodes reported with the state of the cluster.</summary>
internal sealed class TimelineQueryExecutor(
    Dictionary<string, NodeTimeline> nodes, ResetDeduplicator resets, GapLog gaps, IEnumerable<ReportedSetting> settings, StateHistory states, SyncLog syncs,
    ClusterState cluster, long nowMs)
{
    /// <summary>How far back a pod's own resets are counted.</summary>
    private const long DetailMs = 3_600_000;

    // What a view tells of syncs: more than this nobody reads.
    private const int MaxSyncs = 10_000;

    private readonly ClusterMap _map = cluster.Current;
    private Dictionary<Ip, long>? _staleByIp;
    private readonly OwnershipHistory _history = cluster.History;

    public TimelineView View(TimelineQuery asked)
    {
        int columns = Math.Clamp(asked.Columns, 1, TimelineQuery.MaxColumns);
        // Whole milliseconds a column, so that a column's place never depends on rounding.
        long stepMs = Math.Max(1, (Math.Clamp(asked.ToMs - asked.FromMs, 1, TimelineStore.HorizonMs) + columns - 1) / columns);
        var query = asked with { Columns = columns, ToMs = asked.FromMs + (stepMs * columns) };
        return new TimelineView(
            query.FromMs, query.ToMs, stepMs, columns, Lanes(query, stepMs), Terminations(query), Resets(query, stepMs),
            Gaps(query), Health(), nowMs) { Rollouts = Rollouts(query), Settings = Settings(query) };
    }

    private List<Rollout> Rollouts(TimelineQuery query) =>
    [
        .. cluster.Rollouts.Where(r =>
            r.StartedMs <= query.ToMs && (r.ClosedMs ?? nowMs) >= query.FromMs
            && (query.Namespace is null || r.Namespace == query.Namespace)),
    ];

    public IReadOnlyList<NodeHealth> Health() =>
    [
        .. nodes.Values.OrderBy(n => n.Name, StringComparer.Ordinal).Select(n => new NodeHealth(
            n.Name, n.Connected, n.LastHeardMs, n.Hello?.Version ?? "", n.Hello?.Capabilities ?? [], n.Counters.Count, n.Counters.Max,
            n.Cost is { ClockOffsetMs: not int.MinValue } cost ? cost.ClockOffsetMs : null)),
    ];

    /// <summary>One pod or address, for the side panel.</summary>
    /// <param name="podUidOrIp">What is neither known nor an address gives a detail without a name.</param>
    /// <param name="asOfMs">The moment at which an address is taken: it may have been another's since; null = now.</param>
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
        // The address may have gone to another pod since: then the end that was found is not this owner's.
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
                node.Name, ServiceName(@group.Key), flow.IsLive() ? states.Now(@group.Key) : EntryState.Leftover, flow.Name(), (int)count);
        var near =
            from told in resets.Kept
            where !ip.IsNone && told.Reset.AtMs >= nowMs - DetailMs
                && (told.Reset.Backend == ip || told.Reset.Src == ip || told.Reset.Dst == ip)
            group told.Reset by told.Reset.Kind into kind
            orderby kind.Key
            select new ResetCount(kind.Key, kind.Count(), kind.Max(r => r.AtMs));
        return new PodDetail(
            ip.ToString(), pod?.FullName ?? (ended is null ? owner.Name : $"{ended.Namespace}/{ended.Pod}"), pod?.Node ?? ended?.Node ?? then?.Node,
            pod?.Phase, owner, ended is null ? null : Span(ended) with { Synced = Synced(ended) }, [.. entries], [.. near],
            [
                .. from node in nodes.Values
                   where !ip.IsNone && node.Radar.ContainsKey(ip)
                   let row = node.Radar[ip]
                   orderby node.Name
                   select new NodeLookups(node.Name, (int)row.Entries, (int)row.Unacknowledged, (int)row.Idle, (int)row.Alive),
            ]);
    }

    private List<ServiceLane> Lanes(TimelineQuery query, long stepMs)
    {
        var tracks = nodes.Values.Where(n => query.Node is null || n.Name == query.Node).ToList();
        var lanes =
            from key in tracks.SelectMany(n => n.Groups.Keys).Distinct()
            where !key.Vip.IsNone
            group key by (key.Proto, key.Vip, key.Vport) into vip
            from tenure in VipAssignment.Of(_map, _history, vip.Key.Proto, vip.Key.Vip, vip.Key.Vport, query, nowMs)
            let service = tenure.Service
            where Matches(query, service)
            orderby service is null, service?.Namespace, service?.Name, vip.Key.Vip, vip.Key.Vport
            let backends = Backends(vip, tracks, query, stepMs, tenure)
            where backends.Count > 0
            select new ServiceLane(
                service?.Namespace ?? "", service?.Name ?? "", vip.Key.Vip.ToString(), vip.Key.Vport, Protocols.Name(vip.Key.Proto), backends);
        return [.. lanes];
    }

    private List<BackendSeries> Backends(
        IEnumerable<GroupKey> keys, List<NodeTimeline> tracks, TimelineQuery query, long stepMs, in VipAssignment tenure)
    {
        var series = new List<BackendSeries>();
        foreach (var key in keys.OrderBy(k => k.Backend).ThenBy(k => k.Bport))
        {
            var fold = new ColumnAggregator(query, stepMs);
            uint live = 0;
            uint all = 0;
            foreach (var node in tracks)
            {
                var group = node.Groups.GetValueOrDefault(key);
                bool ended = !node.Connected && cluster.IsReady && !_map.Nodes.ContainsKey(node.Name);
                fold.Add(node.Known, group?.Steps, ended, node.Cost is { ClockOffsetMs: not int.MinValue } cost ? cost.ClockOffsetMs : 0);
                live += group?.Now.Live ?? 0;
                all += group?.Now.Total ?? 0;
            }

            if (!fold.HasAny)
                continue;
            var (entries, leftovers, stale) = fold.Fold(StateHistory.Within(_history, key, query.FromMs, query.ToMs));
            if (!tenure.Keep(query, stepMs, nowMs, entries, leftovers, stale))
                continue;
            var (owner, former) = OwnerNames.At(_map, _history, key.Backend, Math.Max(query.FromMs, tenure.FromMs), Math.Min(query.ToMs, tenure.ToMs - 1), nowMs);
            var now = live == 0 && all > 0 ? EntryState.Leftover : states.Now(key);
            series.Add(new BackendSeries(key.Backend.ToString(), key.Bport, owner.Name, owner.State, now, entries, leftovers, stale) { FormerPods = former });
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
                && Math.Max(termination.DeletedMs ?? nowMs, termination.EndpointRemovedMs ?? 0) >= query.FromMs;
            // What is stale now matters however long ago its pod went.
            if (inWindow || StaleOf(termination) > 0)
                spans.Add(Span(termination));
        }

        if (spans.Count * (long)Math.Max(nodes.Count, _map.Nodes.Count) > MaxSyncs)
            return spans;
        return [.. spans.Select(span => span with { Synced = Synced(span.Told!) })];
    }

    private TerminationSpan Span(Termination t)
    {
        var owner = t.PodIp.IsNone ? OwnerState.Unknown : _map.OwnerOf(t.PodIp).State;
        return new TerminationSpan(
            t.Uid, t.Namespace, t.Pod, t.PodIp.ToString(), t.Node, t.Service?.ToString(), t.DeletionRequestedMs, t.EndpointTerminatingMs,
            t.EndpointRemovedMs, t.ContainerFinishedMs, t.ExitCode, t.DeletedMs, owner, (int)Math.Min(StaleOf(t), int.MaxValue)) { Told = t };
    }

    private long StaleOf(Termination t)
    {
        _staleByIp ??= StaleEntries();
        if (!_staleByIp.TryGetValue(t.PodIp, out long stale))
            return 0;
        bool lastOwner = _map.PodAt(t.PodIp) is { } pod ? pod.Uid == t.Uid : _map.GoneAt(t.PodIp)?.Uid == t.Uid;
        return lastOwner ? stale : 0;
    }

    // Once a reading: the log may hold thousands of terminations, and a node thousands of groups.
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

    private List<NodeSync> Synced(Termination t) => t.EndpointChangedMs is { } changedMs ? Syncs(changedMs) : [];

    /// <summary>For every node of the cluster, with a collector or without.</summary>
    public List<NodeSync> Syncs(long changedMs) =>
        [.. nodes.Keys.Union(_map.Nodes.Keys).Order(StringComparer.Ordinal).Select(node => syncs.After(node, changedMs, nowMs))];

    /// <summary>Changes of sysctls that are kept in memory, oldest first.</summary>
    public List<ReportedSetting> Settings(TimelineQuery query) =>
        [.. settings.Where(s => s.AtMs >= query.FromMs && s.AtMs <= query.ToMs && (query.Node is null || s.Node == query.Node))];

    /// <summary>For each column whether any node, or the one of the query, reported its table.</summary>
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
            // A second that a column splits is counted where it begins, so that every reset is drawn exactly once.
            for (long second = (query.FromMs + 999) / 1000; second * 1000 < query.ToMs; second++)
            {
                if (resets.At(second) is not { } counts)
                    continue;
                for (int kind = 0; kind < counts.Length; kind++)
                    Put(lane, query, stepMs, second * 1000, (ResetKind)kind, counts[kind]);
            }

            return lane;
        }

        foreach (var told in resets.Kept)
        {
            var reset = told.Reset;
            bool wanted = (query.Node is null || told.Node == query.Node)
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

    /// <summary>Those that touch the window, silent nodes among them.</summary>
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

    // An entry outlives its Service; and of what was before the first list the map knows as much as anybody.
    private ServiceKey? ServiceAt(byte proto, Ip vip, ushort port, long atMs) =>
        (_history.ServiceAt(proto, vip, port, atMs) ?? _history.LastServiceUntil(proto, vip, port, atMs))?.Key ?? _map.ServiceAt(proto, vip, port);

    private static bool Matches(TimelineQuery query, ServiceKey? service) =>
        (query.Namespace is null || service?.Namespace == query.Namespace)
        && (query.Service is null || service?.Name == query.Service || service?.ToString() == query.Service);
}
