using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Nodes;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Wire;


namespace ConntrackConsole.Timeline.Live;

/// <summary>Adds up the nodes' tables one node at a time, so that frames wait for one node at most.</summary>
internal sealed class FactsAggregator(StateHistory states, ClusterMap map, IReadOnlyDictionary<Ip, long> ended, long nowMs)
{
    private readonly Dictionary<string, NodeFacts> _nodes = [];
    private readonly Dictionary<ServiceKey, Sum> _services = [];
    private readonly Dictionary<Ip, long> _lastActive = [];

    public void Add(NodeTimeline node)
    {
        bool silent = node.IsSilent(nowMs);
        bool vips = false;
        foreach (var (key, group) in node.Groups)
        {
            if (ended.Count > 0 && ended.TryGetValue(key.Backend, out long askedMs))
                FollowEnd(key.Backend, group.Steps, askedMs);
            if (key.Vip.IsNone)
                continue;
            uint live = group.Now.Live;
            vips |= group.Now.Total > 0 && key.Backend != key.Vip; // An untranslated entry is no sign that something translates.
            // What a silent node held is not what it holds now.
            if (live == 0 || silent)
                continue;
            var state = states.Now(key);
            if ((state.LeadsAstray() || state is EntryState.Left or EntryState.Unready) && map.ServiceAt(key.Proto, key.Vip, key.Vport) is { } service)
                AddLost(service, key, live, state, node.Name);
        }

        _nodes[node.Name] = node.Readings.Facts(node.Name, node.Connected, node.LastHeardMs, node.Counters, node.IsTableKnown, vips) with
        {
            Ipvs = node.Ipvs,
            HasIpvs = node.Ipvs is not null || node.Hello?.Capabilities.Any(capability => capability is { Name: Capability.Ipvs, Available: true }) == true,
        };
    }

    public TimelineFacts Read() => new(_nodes, _services.ToDictionary(s => s.Key, s => s.Value.Read()), _lastActive);

    private void AddLost(ServiceKey service, in GroupKey key, uint live, EntryState state, string node)
    {
        if (!_services.TryGetValue(service, out var sum))
            _services[service] = sum = new Sum();
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
        sum.OldestMs = Math.Min(sum.OldestMs, states.NowSinceMs(key, nowMs - TimelineStore.HorizonMs, nowMs));
        var backends = toOther ? sum.Others : state == EntryState.Untranslated && owner == OwnerState.Node ? sum.UntranslatedAtNodes : sum.Backends;
        if (backends.Count < ServiceEntries.MaxBackends)
            backends.Add(key.Backend);
        if (sum.Nodes.Count < ServiceEntries.MaxBackends)
            sum.Nodes.Add(node);
    }

    // A decrease of live entries means that a conversation ended: the pod was in use until then.
    private void FollowEnd(Ip backend, StepSeries steps, long askedMs)
    {
        for (int i = steps.Count - 1; i > 0 && steps[i].AtMs > askedMs; i--)
        {
            if (steps[i].Live >= steps[i - 1].Live)
                continue;
            _lastActive[backend] = Math.Max(steps[i].AtMs, _lastActive.GetValueOrDefault(backend));
            return;
        }
    }

    private sealed class Sum
    {
        public long Stale, Reassigned, Untranslated, StaleToLive, StaleToOther, Left, Unready, OldestMs = long.MaxValue;

        public SortedSet<Ip> OutOfService { get; } = [];

        public SortedSet<Ip> Backends { get; } = [];

        public SortedSet<Ip> Others { get; } = [];

        public SortedSet<Ip> UntranslatedAtNodes { get; } = [];

        public SortedSet<string> Nodes { get; } = new(StringComparer.Ordinal);

        public ServiceEntries Read() => new(
            Stale, Reassigned, OldestMs == long.MaxValue ? null : OldestMs, [.. Backends], [.. Nodes])
        {
            Untranslated = Untranslated, UntranslatedAtNodes = [.. UntranslatedAtNodes],
            StaleToLive = StaleToLive, StaleToOther = StaleToOther, Others = [.. Others], Left = Left, Unready = Unready, OutOfService = [.. OutOfService],
        };
    }
}
