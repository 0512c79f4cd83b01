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

    public TimelineFacts Read()
    {
        foreach (var (key, live) in store.LiveGroups(nowMs))
        {
            // What a silent node held is not what it holds now.
            var state = states.Now(key);
            if ((state.LeadsAstray() || state is EntryState.Left or EntryState.Unready) && map.ServiceAt(key.Proto, key.Vip, key.Vport) is { } service)
                AddLost(service, key, live, state);
        }

        return new TimelineFacts(store.NodeFacts(), _services.ToDictionary(s => s.Key, s => s.Value.Read()), LastActive());
    }

    private void AddLost(ServiceKey service, in GroupKey key, long live, EntryState state)
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
            sum.Nodes.UnionWith(store.NodesWith(key, nowMs).Take(ServiceEntries.MaxBackends - sum.Nodes.Count));
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

        public SortedSet<string> Nodes { get; } = new(StringComparer.Ordinal);

        public ServiceEntries Read() => new(
            Stale, Reassigned, OldestMs == long.MaxValue ? null : OldestMs, [.. Backends], [.. Nodes])
        {
            Untranslated = Untranslated, UntranslatedAtNodes = [.. UntranslatedAtNodes],
            StaleToLive = StaleToLive, StaleToOther = StaleToOther, Others = [.. Others], Left = Left, Unready = Unready, OutOfService = [.. OutOfService],
        };
    }
}
