using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Cli.Json;

/// <summary>Flow counts of one group. For the group of all other flows every address field is null.</summary>
internal sealed record GroupJson(
    string? Proto, string? Vip, int? Vport, string? Backend, int? Bport, IReadOnlyDictionary<string, uint> States, uint Total)
{
    public static GroupJson Of(GroupCounts group) => Of(group, null);

    /// <param name="group">The group.</param>
    /// <param name="named">The states of SCTP and DCCP by their own names, where the entries were read; null in frames, which contain only the classes.</param>
    public static GroupJson Of(GroupCounts group, IEnumerable<(FlowState Class, string Name, uint Count)>? named)
    {
        var states = new SortedDictionary<string, uint>(StringComparer.Ordinal);
        for (int state = 0; state < FlowStates.Count; state++)
        {
            if (group.Counts[state] != 0)
                states[((FlowState)state).Name()] = group.Counts[state];
        }

        var key = group.Key;
        foreach (var (of, name, count) in named ?? [])
        {
            // A dump may contain an entry twice; the table counts it once.
            uint all = states.GetValueOrDefault(of.Name());
            uint moved = Math.Min(count, all);
            states.Remove(of.Name());
            if (all > moved)
                states[of.Name()] = all - moved;
            if (moved > 0)
                states[name] = states.GetValueOrDefault(name) + moved;
        }

        if (key.IsOther)
            return new GroupJson(null, null, null, null, null, states, group.Counts.Total);
        bool ports = !Protocols.IsPortless(key.Proto);
        return new GroupJson(
            Protocols.Name(key.Proto), key.IsDirect ? null : key.Vip.ToString(), key.IsDirect || !ports ? null : key.Vport,
            key.Backend.ToString(), ports ? key.Bport : null, states, group.Counts.Total);
    }
}
