using System.CommandLine;
using System.Text.Json;
using ConntrackConsole.Collector.Cli.Json;
using ConntrackConsole.Collector.Observation.Flows;
using ConntrackConsole.Kernel.Conntrack;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Cli;

/// <summary>summary: counts the table's flows by Service address and backend.</summary>
internal static class SummaryCommand
{
    public static Command Build()
    {
        var json = Options.Json("One JSON array with an object per group, instead of a table.");
        var ranges = Options.PodCidr();
        var command = new Command("summary", """
            Counts the flows of this node's conntrack table by Service address, backend and state. All flows that belong neither to a
            Service nor to a pod are one line, so that the totals add up to the table.

            Example: conntrack-collector summary --pod-cidr 10.244.0.0/16
            """) { json, ranges };
        command.SetAction(parsed =>
        {
            var states = new ProtocolStateCounts(new Grouping(parsed.GetValue(ranges) ?? []));
            var groups = Count(states);
            if (parsed.GetValue(json))
                Console.Out.WriteLine(JsonSerializer.Serialize([.. groups.Select(group => GroupJson.Of(group, states.Of(group.Key)))], CollectorJson.Default.GroupJsonArray));
            else
                GroupTable.Write(groups, states, Console.Out);
            return ExitCode.Ok;
        });
        return command;
    }

    private static List<GroupCounts> Count(ProtocolStateCounts states)
    {
        var groups = new List<GroupCounts>();
        using var table = ConntrackTable.Open();
        for (int attempt = 0; ; attempt++)
        {
            var flows = new FlowTable(states.Grouping);
            states.Clear();
            bool interrupted = table.Dump((in Flow flow) =>
            {
                flows.Confirm(in flow);
                states.Add(in flow);
            });
            if (interrupted && attempt < 5)
                continue;
            flows.WriteGroups(groups, all: true);
            return groups;
        }
    }
}
