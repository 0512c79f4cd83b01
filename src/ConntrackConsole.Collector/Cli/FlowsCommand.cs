using System.CommandLine;
using System.Text.Json;
using ConntrackConsole.Collector.Cli.Json;
using ConntrackConsole.Collector.Commands.Flush;
using ConntrackConsole.Kernel.Conntrack;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Cli;

/// <summary>flows: lists individual flows.</summary>
internal static class FlowsCommand
{
    public static Command Build()
    {
        var json = Options.Json("One JSON array with an object per flow, instead of lines.");
        var podIp = Options.PodIp(required: false);
        var service = Options.Service();
        var command = new Command("flows", """
            Lists the flows of this node's conntrack table, optionally of one pod or Service. A pod is matched by the source of the reply
            tuple, like conntrack -r: in a Service's flow the pod is not the destination.

            Example: conntrack-collector flows --pod-ip 10.244.1.7
            """) { json, podIp, service };
        command.SetAction(parsed =>
        {
            var backend = parsed.GetValue(podIp);
            var vip = parsed.GetValue(service);
            using var table = ConntrackTable.Open();
            var flows = table.List(flow =>
                (backend is null || flow.Reply.Src == backend)
                && (vip is null || (flow.Orig.Dst == vip.Value.Vip && flow.Orig.Dport == vip.Value.Port)));
            if (parsed.GetValue(json))
            {
                FlowEntry[] entries = [.. flows.Select(flow => FlowEntries.Of(in flow))];
                Console.Out.WriteLine(JsonSerializer.Serialize(entries, CollectorJson.Default.FlowEntryArray));
            }
            else
            {
                foreach (var flow in flows)
                    Console.Out.WriteLine(Line(in flow));
                Console.Error.WriteLine($"{flows.Count} flows");
            }

            return ExitCode.Ok;
        });
        return command;
    }

    public static string Line(in Flow flow)
    {
        string ports = Protocols.IsPortless(flow.Reply.Proto) ? "" : ":" + flow.Reply.Sport;
        string zone = flow.Zone == 0 ? "" : $"  zone {flow.Zone}";
        string expires = flow.TimeoutSeconds is { } seconds ? $"expires in {seconds} s" : "no timeout while a flowtable forwards it";
        string notes = ((flow.Status & FlowStatus.SeenReply) == 0 ? "  [UNREPLIED]" : "") + (flow.OnlyLooksTranslated ? "  [not translated]" : "");
        return $"{flow.StateName,-11} {flow.Orig}  answered by {flow.Reply.Src}{ports}{zone}  {expires}{notes}";
    }
}
