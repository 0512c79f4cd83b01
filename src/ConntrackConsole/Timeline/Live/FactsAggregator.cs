using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Nodes;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Timeline.Live;

/// <summary>Adds up the nodes' tables, group by group, in portions: frames wait for one portion at most.</summary>
internal sealed class FactsAggregator(TimelineStore store, StateHistory states, ClusterMap map, IReadOnlyDictionary<Ip, long> ended, long nowMs)
{
    private readonly Dictionary<ServiceKey, Sum> _services = [];
    private readonly Dictionary<(byte Proto, Ip Vip, ushort Port), ScopeObstacle?> _obstacles = [];

    public TimelineFacts Read()
    {
        foreach (var (group, live) in store.LiveGroups(nowMs))
        {
            // What a silent node held is not what it holds now.
            var (key, state) = (group.Key, states.Of(group, nowMs).Now);
            if ((state.LeadsAstray() || state is EntryState.Left or EntryState.Unready) && map.ServiceAt(key.Proto, key.Vip, key.Vport) is { } service)
                AddLost(service, key, live, state);
            else if (state == EntryState.Unknown && map.OwnerOf(key.Backend).IsUnproven && map.ServiceAt(key.Proto, key.Vip, key.Vport) is { } doubted)
                SumOf(doubted).AddUnproven(key.Backend, live);
        }

        return new TimelineFacts(store.NodeFacts(), _services.ToDictionary(s => s.Key, s => s.Value.Read()), LastActive());
    }

    private Sum SumOf(ServiceKey service)
    {
        if (!_services.TryGetValue(service, out var sum))
            _services[service] = sum = new Sum();
        return sum;
    }

    private void AddLost(ServiceKey service, in GroupKey key, long live, EntryState state)
    {
        var sum = SumOf(service);
        if (state is EntryState.Left or EntryState.Unready)
        {
            sum.Left += state == EntryState.Left ? live : 0;
            sum.Unready += state == EntryState.Unready ? live : 0;
            if (sum.OutOfService.Count < ServiceEntries.MaxBackends)
                sum.OutOfService.Add(key.Backend);
            return;
        }

        if (state == EntryState.Stale)
            sum.Stale += live;
        else if (state == EntryState.Untranslated)
            sum.Untranslated += live;
        else
            sum.Reassigned += live;
        var owner = map.OwnerOf(key.Backend).State;
        bool toOther = state == EntryState.Stale && owner is (OwnerState.Node or OwnerState.Service or OwnerState.Unknown);
        if (state == EntryState.Stale && owner == OwnerState.Live)
            sum.StaleToLive += live;
        if (toOther)
            sum.StaleToOther += live;
        // Asked as the guard asks it: no sentence advises what it refuses.
        var obstacle = owner == OwnerState.Live && state is EntryState.Reassigned or EntryState.Stale ? ObstacleOf(key) : null;
        if (map.ClaimsOf(key.Proto, key.Vip, key.Vport) is { Count: > 1 } claims && sum.Contested.Count < ServiceEntries.MaxBackends)
            sum.Contested.Add($"{key.Vip} port {key.Vport} ({Protocols.Name(key.Proto)}) is claimed by {claims.Count} Services ({TextSummary.List([.. Enumerable.Range(0, claims.Count).Select(i => claims[i].Key.ToString()).Order(StringComparer.Ordinal)], 3)})");
        sum.OldestMs = Math.Min(sum.OldestMs, states.NowSinceMs(key, nowMs - TimelineStore.HorizonMs, nowMs));
        var backends = toOther ? sum.Others : state == EntryState.Untranslated && owner == OwnerState.Node ? sum.UntranslatedAtNodes : sum.Backends;
        if (obstacle is not null)
            sum.Refuse(new RefusedEntries(key.Backend, key.Vip, key.Vport, obstacle), live, state == EntryState.Reassigned);
        else if (backends.Count < ServiceEntries.MaxBackends)
            backends.Add(key.Backend);
        if (sum.Nodes.Count < ServiceEntries.MaxBackends)
            sum.Nodes.UnionWith(store.NodesWith(key, nowMs).Take(ServiceEntries.MaxBackends - sum.Nodes.Count));
    }

    // Once for each address and port: it looks at all Services.
    private ScopeObstacle? ObstacleOf(in GroupKey key)
    {
        var place = (key.Proto, key.Vip, key.Vport);
        if (!_obstacles.TryGetValue(place, out var obstacle))
            _obstacles[place] = obstacle = ScopeOwnership.ObstacleOf(map, new FlushScope(Protocols.Name(key.Proto), key.Vip.ToString(), key.Vport));
        return obstacle;
    }

    // A decrease of live entries means that a conversation ended: the pod was in use until then.
    private Dictionary<Ip, long> LastActive()
    {
        var active = new Dictionary<Ip, long>();
        foreach (var (backend, askedMs) in ended)
        {
            foreach (var series in store.Capture(backend, int.MaxValue).SelectMany(group => group.Members))
            {
                int live = int.MinValue;
                foreach (var step in series.Steps)
                {
                    if (step.Live < live && step.AtMs > askedMs)
                        active[backend] = Math.Max(step.AtMs, active.GetValueOrDefault(backend));
                    live = step.Live;
                }
            }
        }

        return active;
    }

    private sealed class Sum
    {
        public long Stale, Reassigned, Untranslated, StaleToLive, StaleToOther, Left, Unready, OldestMs = long.MaxValue;

        public SortedSet<Ip> OutOfService { get; } = [];

        public SortedSet<Ip> Backends { get; } = [];

        public SortedSet<Ip> Others { get; } = [];

        public SortedSet<Ip> UntranslatedAtNodes { get; } = [];

        public SortedSet<string> Contested { get; } = new(StringComparer.Ordinal);

        private readonly SortedSet<Ip> _unprovenBackends = [];
        private long _unproven;

        public void AddUnproven(Ip backend, long live)
        {
            _unproven += live;
            if (_unprovenBackends.Count < ServiceEntries.MaxBackends)
                _unprovenBackends.Add(backend);
        }

        private readonly Dictionary<(Ip, Ip, ushort), RefusedEntries> _refused = [];
        private long _refusedReassigned, _refusedStale;

        public void Refuse(RefusedEntries entries, long live, bool isReassigned)
        {
            _refusedReassigned += isReassigned ? live : 0;
            _refusedStale += isReassigned ? 0 : live;
            if (_refused.Count < ServiceEntries.MaxBackends)
                _refused.TryAdd((entries.Backend, entries.Vip, entries.Port), entries);
        }

        public SortedSet<string> Nodes { get; } = new(StringComparer.Ordinal);

        public ServiceEntries Read() => new(
            Stale, Reassigned, OldestMs == long.MaxValue ? null : OldestMs, [.. Backends], [.. Nodes])
        {
            Untranslated = Untranslated, UntranslatedAtNodes = [.. UntranslatedAtNodes],
            Refused = [.. _refused.Values.OrderBy(r => r.Backend).ThenBy(r => r.Vip).ThenBy(r => r.Port)], RefusedCounts = (_refusedReassigned, _refusedStale), Contested = [.. Contested],
            Unproven = _unproven, UnprovenBackends = [.. _unprovenBackends],
            StaleToLive = StaleToLive, StaleToOther = StaleToOther, Others = [.. Others], Left = Left, Unready = Unready, OutOfService = [.. OutOfService],
        };
    }
}
