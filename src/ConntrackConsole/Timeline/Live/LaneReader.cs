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
    private readonly LaneNames _names;
    private readonly VipsByService _wanted;
    private readonly ClusterMap _map;
    private readonly OwnershipHistory _history;
    private readonly TimelineQuery _query;
    private readonly WindowSamples _samples;
    private readonly SumReader? _sums;
    private readonly WindowExtension? _extension;
    private readonly Dictionary<GroupKey, IReadOnlyList<(long AtMs, EntryState State)>> _within = [];
    private readonly long _stepMs;
    private readonly long _nowMs;
    private ClusterGroup[] _groups = [];
    private ColumnAggregator? _columns;

    /// <param name="wanted">The virtual addresses that may have a lane.</param>
    public LaneReader(
        TimelineSnapshot snapshot, StateHistory states, LaneNames names, ClusterState cluster, VipsByService wanted, KeptWindows windows, TimelineQuery query, long stepMs, long nowMs)
    {
        (_names, _wanted) = (names, wanted);
        (_snapshot, _states, _query, _stepMs, _nowMs) = (snapshot, states, query, stepMs, nowMs);
        (_map, _history) = (cluster.Current, cluster.History);
        _samples = Samples(query);
        _extension = cluster.IsReady && query.ToMs >= nowMs ? WindowExtension.Begin(windows, snapshot, cluster.Stamps, query, stepMs, nowMs, Samples) : null;

        WindowSamples Samples(TimelineQuery part) =>
            new(part, stepMs, snapshot.Heads, head => !head.Connected && cluster.IsReady && !_map.Nodes.ContainsKey(head.Name));
        // Of one node there are few groups, and no sums are kept.
        _sums = query is { OmitsSums: true, Node: null } ? null : new SumReader(snapshot, _samples, new ColumnAggregator(_samples), query.Node);
    }

    /// <summary>The lanes, and their sum.</summary>
    public (List<ServiceLane> Lanes, LaneSums? Sum) Lanes()
    {
        var candidates = Candidates();
        var lanes = new List<ServiceLane>(candidates.Length);
        int read = 0;
        foreach (var candidate in candidates)
        {
            if (Sum(candidate) is not { } summed)
                continue;
            lanes.Add(summed);
            candidates[read++] = candidate;
        }

        var isChosen = Chosen(lanes);
        int kept = 0;
        for (int i = 0; i < read; i++)
        {
            var lane = lanes[i];
            if (isChosen(lane))
                lane = lane with { Backends = Backends(_snapshot.At(candidates[i].Vip), candidates[i].Assignment), OmitsBackends = false, Ownerless = 0 };
            if (lane.OmitsBackends || lane.Backends.Count > 0)
                lanes[kept++] = lane;
        }

        lanes.RemoveRange(kept, lanes.Count - kept);
        _extension?.Keep(_samples);
        return (lanes, _query.OmitsSums ? null : _sums!.Total());
    }

    // The lanes that there may be, in their order.
    private LaneCandidate[] Candidates()
    {
        var ipvs = IpvsNow();
        var candidates = new List<LaneCandidate>();
        foreach (var vip in Vips())
        {
            if (_names.Only(vip, _query, _nowMs) is { } only)
            {
                Add(only.Candidate);
                continue;
            }

            foreach (var assignment in VipAssignment.Of(_map, _history, vip.Proto, vip.Vip, vip.Vport, _query, _nowMs))
                Add(new LaneCandidate(LaneNames.Lane(_map, vip, assignment), vip, assignment));
        }

        // Stable: the Services that had an address one after the other stay in this order.
        return [.. candidates.Order(LaneCandidate.Comparer)];

        void Add(LaneCandidate candidate)
        {
            if (!TimelineQueryExecutor.Matches(_query, candidate.Assignment.Service))
                return;
            if (candidate.Assignment.ToMs > _nowMs && ipvs.TryGetValue(candidate.Vip, out var kept))
                candidate = new LaneCandidate(candidate.Lane with { IpvsRemoved = kept.Removed, IpvsDraining = kept.Draining }, candidate.Vip, candidate.Assignment);
            candidates.Add(candidate);
        }
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

    // The lanes of which the backends are read.
    private Predicate<ServiceLane> Chosen(List<ServiceLane> lanes)
    {
        if (_query.Chosen is { } places)
        {
            HashSet<string> chosen = [.. places.Split('\n')];
            return lane => chosen.Contains(lane.Place);
        }

        if (_query.Lanes is not { } max)
            return _ => true;
        var first = LaneOrder.First(lanes, max, series => LaneOrder.Last(series, _query.FromMs, _stepMs, _query.Columns, _nowMs)).ToHashSet(ReferenceEqualityComparer.Instance);
        return first.Contains;
    }

    // The lane without its backends, but those with entries that lead astray now: they are always shown, and there are few.
    private ServiceLane? Sum(LaneCandidate candidate)
    {
        var (lane, vip, assignment) = candidate;
        var groups = _query.Node is null ? null : _snapshot.At(vip);
        var presence = _sums is null ? Presence(vip, assignment) : _sums.Read(vip, groups) ? SumPresence.Other : SumPresence.None;
        if (presence == SumPresence.None)
            return null;
        List<CapturedGroup>? astray = null;
        long ownerless = 0;
        int count = _snapshot.Groups(vip, ref _groups);
        for (int i = 0; i < count; i++)
        {
            var indexed = _groups[i];
            var key = indexed.Key;
            var known = _states.Of(indexed, _nowMs);
            var now = known.Now;
            // Nearly all groups have led to their Service's own pods all the time.
            bool isSteady = known.SinceMs <= _query.FromMs;
            if (isSteady && !known.Since.LeadsAstray() && !now.LeadsAstray() && now != EntryState.Unknown)
                continue;
            var states = _within[key] = isSteady ? [(_query.FromMs, known.Since)] : StateHistory.Within(_history, key, _query.FromMs, _query.ToMs);
            bool wasAstray = states.Any(state => state.State.LeadsAstray());
            if ((!wasAstray && !now.LeadsAstray() && now != EntryState.Unknown) || (groups is null ? _snapshot.Of(key) : Find(groups, key)) is not { } group)
                continue;
            if (wasAstray)
                _sums?.AddStale(group, states);
            // With all of its backends they are read later.
            if (_query is { Lanes: null, Chosen: null })
                continue;
            if (now.LeadsAstray() && group.Members.Any(member => member.Now.Live > 0))
                (astray ??= []).Add(group);
            else if (now == EntryState.Unknown)
                ownerless += group.Members.Where(IsReporting).Sum(member => (long)member.Now.Live);
        }

        bool hadEntries = presence == SumPresence.Entries;
        if (_sums is null)
        {
            return ownerless == 0 && astray is null
                ? hadEntries ? candidate.WithEntries : lane
                : lane with { Ownerless = ownerless, HadEntries = hadEntries, Backends = Backends(astray ?? [], assignment) };
        }

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
            Sum = _query.OmitsSums ? null : sums, Ownerless = ownerless, HadEntries = sums.Entries.AsSpan().ContainsAnyInRange(1, int.MaxValue), Backends = Backends(astray ?? [], assignment),
        };
    }

    // A lambda would make an object for each of the groups that are skipped, which are nearly all.
    private static CapturedGroup? Find(List<CapturedGroup> groups, GroupKey key) => groups.Find(member => member.Key == key);

    // Seconds as in the sums, of the part of the window in which the Service had the address.
    private SumPresence Presence(in VirtualAddress vip, in VipAssignment assignment)
    {
        long fromMs = Math.Max(_samples.TimeOf(0), assignment.FromMs), toMs = Math.Min(_samples.TimeOf(_samples.Count - 1), assignment.ToMs);
        return _snapshot.Presence(vip, fromMs / 1_000, (toMs / 1_000) + 1);
    }

    private bool IsReporting(CapturedSeries member) =>
        _snapshot.Heads[member.Slot] is { } head && !head.IsSilent(_nowMs) && (_query.Node is null || head.Name == _query.Node);

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
        var former = assignment.IsWhole ? _extension?.Former(key) : null;
        var (samples, aggregator) = former is null ? (_samples, _columns ??= new ColumnAggregator(_samples)) : (_extension!.Tail, _extension.Columns);
        aggregator.Clear();
        uint live = 0;
        uint all = 0;
        foreach (var member in group.Members)
        {
            if (samples.Of(member.Slot) is not { } node)
                continue;
            aggregator.Add(node, member.Steps);
            live += member.Now.Live;
            all += member.Now.Total;
        }

        if (!aggregator.HasAny && !(former?.LastMs > _query.FromMs))
            return null;
        var states = former is null && _within.TryGetValue(key, out var within)
            ? within : StateHistory.Within(_history, key, former is null ? _query.FromMs : _extension!.TailFromMs, _query.ToMs);
        var (entries, closing, stale) = aggregator.Reduce(states);
        if (_extension is not null && assignment.IsWhole)
            (entries, closing, stale) = _extension.Extend(key, former, aggregator.Last, entries, closing, stale, _samples);
        if (!assignment.IsWhole)
        {
            // Shared arrays are not written.
            (closing, stale) = ([.. closing], [.. stale]);
            if (!assignment.Keep(_query, _stepMs, _nowMs, entries, closing, stale))
                return null;
        }

        var (owner, formerPods) = OwnerNames.At(
            _map, _history, key.Backend, Math.Max(_query.FromMs, assignment.FromMs), Math.Min(_query.ToMs, assignment.ToMs - 1), _nowMs);
        var now = live == 0 && all > 0 ? EntryState.Closing : _states.Now(key);
        return new BackendSeries(key.Backend.ToString(), key.Bport, owner.Name, owner.State, now, entries, closing, stale) { FormerPods = formerPods, Node = owner.Pod?.Node };
    }
}
