using ConntrackConsole.Collector.Observation.Flows;
using ConntrackConsole.Kernel.Conntrack;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Cli;

/// <summary>
/// Counts the flows of SCTP and DCCP by group and by their protocols' own states, which a <see cref="FlowTable"/> does not distinguish:
/// there they are UNREPLIED, REPLIED or ASSURED, as for every protocol without states.
/// </summary>
/// <param name="grouping">As in the table.</param>
internal sealed class ProtocolStateCounts(Grouping grouping)
{
    private readonly Dictionary<GroupKey, Dictionary<(FlowState Class, string Name), uint>> _groups = [];

    public Grouping Grouping => grouping;

    public void Clear() => _groups.Clear();

    public void Add(in Flow flow)
    {
        if (flow.ProtocolState is null || flow.State == FlowState.Offloaded)
            return;
        var key = grouping.Of(flow.Orig, flow.Reply, flow.OnlyLooksTranslated);
        if (!_groups.TryGetValue(key, out var states))
            _groups[key] = states = [];
        var state = (flow.State, flow.StateName);
        states[state] = states.GetValueOrDefault(state) + 1;
    }

    /// <summary>The states of a group: how many of those in a class have which state.</summary>
    public IEnumerable<(FlowState Class, string Name, uint Count)> Of(GroupKey key) =>
        _groups.GetValueOrDefault(key, []).Select(state => (state.Key.Class, state.Key.Name, state.Value));
}
