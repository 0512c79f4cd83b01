using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Cluster.State;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Ownership;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Timeline.Series;

namespace ConntrackConsole.Timeline.Live;

/// <summary>The lanes of the Services of a query: the entries of each backend, column by column.</summary>
internal sealed class LaneReader
{
    private readonly TimelineSnapshot _snapshot;
    private readonly StateHistory _states;
    private readonly ClusterMap _map;
    private readonly OwnershipHistory _history;
    private readonly TimelineQuery _query;
    private readonly WindowSamples _samples;
    private readonly ColumnAggregator _columns;
    private readonly long _stepMs;
    private readonly long _nowMs;

    public LaneReader(TimelineSnapshot snapshot, StateHistory states, ClusterState cluster, TimelineQuery query, long stepMs, long nowMs)
    {
        (_snapshot, _states, _query, _stepMs, _nowMs) = (snapshot, states, query, stepMs, nowMs);
        (_map, _history) = (cluster.Current, cluster.History);
        _samples = new WindowSamples(query, stepMs, snapshot.Heads, head => !head.Connected && cluster.IsReady && !_map.Nodes.ContainsKey(head.Name));
        _columns = new ColumnAggregator(_samples);
    }

    public List<ServiceLane> Lanes()
    {
        var ipvs = IpvsNow();
        var lanes =
            from vip in _snapshot.Vips(_query.Node)
            from assignment in VipAssignment.Of(_map, _history, vip.Proto, vip.Vip, vip.Vport, _query, _nowMs)
            let service = assignment.Service
            where TimelineQueryExecutor.Matches(_query, service)
            orderby service is null, service?.Namespace, service?.Name, vip.Vip, vip.Vport
            let backends = Backends(_snapshot.At(vip), assignment)
            where backends.Count > 0
            let kept = assignment.ToMs > _nowMs ? ipvs.GetValueOrDefault(vip) : default
            select new ServiceLane(
                service?.Namespace ?? "", service?.Name ?? "", vip.Vip.ToString(), vip.Vport, Protocols.Name(vip.Proto), backends)
            {
                // An earlier Service of the address is no claim of now.
                Claims = assignment.ToMs == long.MaxValue ? Claims(vip) : [],
                IpvsRemoved = kept.Removed, IpvsDraining = kept.Draining,
            };
        return [.. lanes];
    }

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
        var (entries, closing, stale) = _columns.Reduce(StateHistory.Within(_history, key, _query.FromMs, _query.ToMs));
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
