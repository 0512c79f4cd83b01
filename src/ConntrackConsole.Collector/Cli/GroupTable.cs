using ConntrackConsole.Collector.Cli.Json;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Cli;

/// <summary>Prints groups as a table.</summary>
internal static class GroupTable
{
    public static void Write(IReadOnlyList<GroupCounts> groups, ProtocolStateCounts named, TextWriter output)
    {
        output.WriteLine($"{"PROTO",-7} {"SERVICE",-24} {"BACKEND",-24} {"TOTAL",7}  STATES");
        foreach (var group in groups)
            output.WriteLine(Line(group, named));
    }

    public static string Line(GroupCounts group, ProtocolStateCounts? named = null)
    {
        var key = group.Key;
        bool ports = !Protocols.IsPortless(key.Proto);
        string service = key.IsOther || key.IsDirect ? "-" : ports ? $"{key.Vip}:{key.Vport}" : key.Vip.ToString();
        string backend = key.IsOther ? "(all others)" : ports ? $"{key.Backend}:{key.Bport}" : key.Backend.ToString();
        var states = GroupJson.Of(group, named?.Of(group.Key)).States.OrderByDescending(state => state.Value).Select(state => $"{state.Key} {state.Value}");
        return $"{Protocols.Name(key.Proto),-7} {service,-24} {backend,-24} {group.Counts.Total,7}  {string.Join(", ", states)}";
    }
}
