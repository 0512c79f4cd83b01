using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Cluster.State;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Ownership;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Timeline.Series;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Timeline.Live;

/// <summary>The lanes of the Services of a query: the entries of each backend, column by column.</summary>
internal sealed class LaneReader : IDisposable
{
    private readonly TimelineSnapshot _snapshot;
    private readonly StateHistory _states;
    private readonly VipsByService _wanted;
    private readonly ClusterMap _map;
    private readonly OwnershipHistory _history;
    private readonly TimelineQuery _query;
    private readonly WindowSamples _samples;
    private readonly ColumnAggregator _columns;
    private readonly SumReader? _sums;
    private readonly Dictionary<GroupKey, IReadOnlyList<(long AtMs, EntryState State)>> _within = [];
    private readonly long _stepMs;
    private readonly long _nowMs;

    /// <param name="wanted">The virtual addresses that may have a lane.</param>
    public LaneReader(
        TimelineSnapshot snapshot, StateHistory states, ClusterState cluster, VipsByService wanted, TimelineQuery query, long stepMs, long nowMs)
    {
        _wanted = wanted;
        (_snapshot, _states, _query, _stepMs, _nowMs) = (snapshot, states, query, stepMs, nowMs);
        (_map, _history) = (cluster.Current, cluster.History);
        _samples = new WindowSamples(query, stepMs, snapshot.Heads, head => !head.Connected && cluster.IsReady && !_map.Nodes.ContainsKey(head.Name));
        _columns = new ColumnAggregator(_samples);
        // Of one node there are few groups, and no sums are kept.
        _sums = query is { OmitsSums: true, Node: null } ? null : new SumReader(snapshot, _samples, new ColumnAggregator(_samples), query.Node);
    }

    /// <summary>The lanes, and their sum.</summary>
    public (List<ServiceLane> Lanes, LaneSums? Sum) Lanes()
    {
        var ipvs = IpvsNow();
        var lanes =
            from vip in Vips()
            from assignment in VipAssignment.Of(_map, _history, vip.Proto, vip.Vip, vip.Vport, _query, _nowMs)
            let service = assignment.Service
            where TimelineQueryExecutor.Matches(_query, service)
            orderby service is null, service?.Namespace, service?.Name, vip.Vip, vip.Vport
            let kept = assignment.ToMs > _nowMs ? ipvs.GetValueOrDefault(vip) : default
            let lane = new ServiceLane(service?.Namespace ?? "", service?.Name ?? "", vip.Vip.ToString(), vip.Vport, Protocols.Name(vip.Proto), [])
            {
                // An earlier Service of the address is no claim of now.
                Claims = assignment.ToMs == long.MaxValue ? Claims(vip) : [],
                IpvsRemoved = kept.Removed, IpvsDraining = kept.Draining,
            }
            select (Lane: lane, vip, assignment);
        var read = new List<(ServiceLane Lane, VirtualAddress Vip, VipAssignment Assignment)>();
        foreach (var (lane, vip, assignment) in lanes)
        {
            if (Sum(lane, vip, assignment) is { } summed)
                read.Add((summed, vip, assignment));
        }

        var chosen = Chosen([.. read.Select(item => item.Lane)]);
        for (int i = 0; i < read.Count; i++)
        {
            var (lane, vip, assignment) = read[i];
            if (chosen?.Contains(lane.Place) != false)
                read[i] = (lane with { Backends = Backends(_snapshot.At(vip), assignment), OmitsBackends = false, Ownerless = 0 }, vip, assignment);
        }

        return ([.. read.Select(item => item.Lane).Where(lane => lane.OmitsBackends || lane.Backends.Count > 0)], _query.OmitsSums ? null : _sums!.Total());
    }

    public void Dispose() => _sums?.Dispose();

    private IEnumerable<VirtualAddress> Vips()
    {
        var wanted = _wanted.For(_query);
        if (_query.Node is not null)
            wanted = _snapshot.Vips(_query.Node).Intersect(wanted);
        if (_query.Chosen is not { } chosen)
            return wanted;
        var places = chosen.Split('\n').Select(place => place[(place.IndexOf('|', StringComparison.Ordinal) + 1)..]).ToHashSet();
        return wanted.Where(vip => places.Contains(ServiceLane.AddressPlace(Protocols.Name(vip.Proto), vip.Vip.ToString(), vip.Vport)));
    }

    // Null: all.
    private HashSet<string>? Chosen(IReadOnlyList<ServiceLane> lanes)
    {
        if (_query.Chosen is { } chosen)
            return [.. chosen.Split('\n')];
        return _query.Lanes is { } max
            ? [.. LaneOrder.First(lanes, max, series => LaneOrder.Last(series, _query.FromMs, _stepMs, _query.Columns, _nowMs)).Select(lane => lane.Place)]
            : null;
    }

    // The lane without its backends, but those with entries that lead astray now: they are always shown, and there are few.
    private ServiceLane? Sum(ServiceLane lane, in VirtualAddress vip, in VipAssignment assignment)
    {
        var groups = _query.Node is null ? null : _snapshot.At(vip);
        var presence = _sums is null ? Presence(vip, assignment) : _sums.Read(vip, groups) ? SumPresence.Other : SumPresence.None;
        if (presence == SumPresence.None)
            return null;
        var astray = new List<CapturedGroup>();
        long ownerless = 0;
        foreach (var indexed in _snapshot.Groups(vip))
        {
            var key = indexed.Key;
            var known = _states.Of(indexed, _nowMs);
            var now = known.Now;
            // Nearly all groups have led to their Service's own pods all the time.
            bool isSteady = known.SinceMs <= _query.FromMs;
            if (isSteady && !known.Since.LeadsAstray() && !now.LeadsAstray() && now != EntryState.Unknown)
                continue;
            var states = _within[key] = isSteady ? [(_query.FromMs, known.Since)] : StateHistory.Within(_history, key, _query.FromMs, _query.ToMs);
            bool wasAstray = states.Any(state => state.State.LeadsAstray());
            if ((!wasAstray && !now.LeadsAstray() && now != EntryState.Unknown) || (groups is null ? _snapshot.Of(key) : groups.Find(member => member.Key == key)) is not { } group)
                continue;
            if (wasAstray)
                _sums?.AddStale(group, states);
            // With all of its backends they are read later.
            if (_query is { Lanes: null, Chosen: null })
                continue;
            if (now.LeadsAstray() && group.Members.Any(member => member.Now.Live > 0))
                astray.Add(group);
            else if (now == EntryState.Unknown)
                ownerless += group.Members.Where(IsReporting).Sum(member => (long)member.Now.Live);
        }

        lane = lane with { OmitsBackends = true, Ownerless = ownerless, HadEntries = presence == SumPresence.Entries };
        if (_sums is null)
            return lane with { Backends = Backends(astray, assignment) };
        var sums = _sums.Take(assignment);
        if (!assignment.IsWhole)
        {
            // Shared arrays are not written.
            sums = new LaneSums(sums.Entries, [.. sums.Closing], [.. sums.Stale]);
            if (!assignment.Keep(_query, _stepMs, _nowMs, sums.Entries, sums.Closing, sums.Stale))
                return null;
        }

        return lane with
        {
            Sum = _query.OmitsSums ? null : sums, HadEntries = sums.Entries.AsSpan().ContainsAnyInRange(1, int.MaxValue), Backends = Backends(astray, assignment),
        };
    }

    // Seconds as in the sums, of the part of the window in which the Service had the address.
    private SumPresence Presence(in VirtualAddress vip, in VipAssignment assignment)
    {
        long fromMs = Math.Max(_samples.TimeOf(0), assignment.FromMs), toMs = Math.Min(_samples.TimeOf(_samples.Count - 1), assignment.ToMs);
        return _snapshot.Presence(vip, fromMs / 1_000, (toMs / 1_000) + 1);
    }

    private bool IsReporting(CapturedSeries member) =>
        _snapshot.Heads[member.Slot] is { } head && !head.IsSilent(_nowMs) && (_query.Node is null || head.Name == _query.Node);

    private List<string> Claims(in VirtualAddress vip)
    {
        var claims = _map.ClaimsOf(vip.Proto, vip.Vip, vip.Vport);
        return claims.Count < 2 ? [] : [.. Enumerable.Range(0, claims.Count).Select(i => claims[i].Key.ToString()).Order(StringComparer.Ordinal)];
    }

    // What IPVS keeps has no history: only a window that reaches the present has it.
    private Dictionary<VirtualAddress, (long Removed, long Draining)> IpvsNow()
    {
        var sums = new Dictionary<VirtualAddress, (long Removed, long Draining)>();
        if (_query.ToMs < _nowMs - TimelineQueryExecutor.ReportingMs)
            return sums;
        var reporting = _snapshot.Nodes.Where(node => (_query.Node is null || node.Name == _query.Node) && !node.IsSilent(_nowMs));
        foreach (var kept in reporting.SelectMany(node => node.Ipvs?.Servers ?? []))
        {
            var vip = new VirtualAddress(kept.Proto, kept.Vip, kept.Vport);
            var (removed, draining) = sums.GetValueOrDefault(vip);
            sums[vip] = kept.IsRemoved ? (removed + kept.Connections, draining) : (removed, draining + kept.Connections);
        }

        return sums;
    }

    private List<BackendSeries> Backends(List<CapturedGroup> groups, in VipAssignment assignment)
    {
        var series = new List<BackendSeries>(groups.Count);
        foreach (var group in groups.OrderBy(g => g.Key.Backend).ThenBy(g => g.Key.Bport))
        {
            if (Backend(group, assignment) is { } backend)
                series.Add(backend);
        }

        return series;
    }

    private BackendSeries? Backend(CapturedGroup group, in VipAssignment assignment)
    {
        var key = group.Key;
        _columns.Clear();
        uint live = 0;
        uint all = 0;
        foreach (var member in group.Members)
        {
            if (_samples.Of(member.Slot) is not { } node)
                continue;
            _columns.Add(node, member.Steps);
            live += member.Now.Live;
            all += member.Now.Total;
        }

        if (!_columns.HasAny)
            return null;
        var (entries, closing, stale) = _columns.Reduce(_within.GetValueOrDefault(key) ?? StateHistory.Within(_history, key, _query.FromMs, _query.ToMs));
        if (!assignment.IsWhole)
        {
            // Shared arrays are not written.
            (closing, stale) = ([.. closing], [.. stale]);
            if (!assignment.Keep(_query, _stepMs, _nowMs, entries, closing, stale))
                return null;
        }

        var (owner, former) = OwnerNames.At(
            _map, _history, key.Backend, Math.Max(_query.FromMs, assignment.FromMs), Math.Min(_query.ToMs, assignment.ToMs - 1), _nowMs);
        var now = live == 0 && all > 0 ? EntryState.Closing : _states.Now(key);
        return new BackendSeries(key.Backend.ToString(), key.Bport, owner.Name, owner.State, now, entries, closing, stale) { FormerPods = former };
    }
}
