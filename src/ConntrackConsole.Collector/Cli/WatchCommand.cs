using System.CommandLine;
using System.Text.Json;
using ConntrackConsole.Collector.Cli.Json;
using ConntrackConsole.Collector.KubeProxy;
using ConntrackConsole.Collector.Observation;
using ConntrackConsole.Collector.Observation.Flows;
using ConntrackConsole.Collector.Observation.Resets;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Cli;

/// <summary>watch: prints one frame per second, as sent to the console, until Ctrl-C.</summary>
internal static class WatchCommand
{
    public static Command Build()
    {
        var json = Options.Json("One JSON frame per line.");
        var ranges = Options.PodCidr();
        var source = Options.Resets();
        var command = new Command("watch", """
            Follows the table, the resets, kube-proxy and the settings until Ctrl-C: a live table on a terminal, one line per second in
            a pipe. NO_COLOR disables colours.

            Example: conntrack-collector watch --pod-cidr 10.244.0.0/16
            """) { json, ranges, source };
        command.SetAction(async (parsed, stop) =>
        {
            bool asJson = parsed.GetValue(json);
            using var resets = ResetSource.OpenOrLog(parsed.GetValue(source), Console.Error);
            using var proxy = new KubeProxyScraper(TimeProvider.System);
            var observer = new NodeObserver(new Grouping(parsed.GetValue(ranges) ?? []), TimeProvider.System, resets, () => null) { Proxy = proxy };
            // A table on terminals only; pipes and files get lines.
            var table = asJson || Console.IsOutputRedirected ? null : new LiveTable(
                Console.Out, () => (Console.WindowWidth, Console.WindowHeight), string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR")));
            if (table is not null)
                Console.Out.Write("\u001b[2J");
            using var ended = CancellationTokenSource.CreateLinkedTokenSource(stop);
            var asking = proxy.RunAsync(ended.Token);
            try
            {
                await Task.Factory.StartNew(
                    () => observer.Run(
                        frame =>
                        {
                            if (table is not null)
                                table.Show(frame);
                            else
                                Console.Out.WriteLine(asJson ? Json(frame) : Line(frame));
                        },
                        stop),
                    CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
            }
            finally
            {
                await ended.CancelAsync();
                await asking;
            }

            return ExitCode.Ok;
        });
        return command;
    }

    private static string Json(NodeFrame frame) => JsonSerializer.Serialize(FrameJson.Of(frame), CollectorJson.Default.FrameJson);

    private static string Line(NodeFrame frame)
    {
        var at = DateTimeOffset.FromUnixTimeMilliseconds(frame.AtMs);
        string groups = string.Join(", ", frame.Groups.Where(group => !group.Key.IsOther).Take(4)
            .Select(group => $"{(group.Key.IsDirect ? "direct" : $"{group.Key.Vip}:{group.Key.Vport}")}→{group.Key.Backend} {group.Counts.Total}"));
        string gaps = frame.Gaps.Count == 0 ? "" : "  GAP: " + string.Join(", ", frame.Gaps.Select(gap => gap.Kind));
        return $"{at:HH:mm:ss}Z  entries {frame.Counters.Count}/{frame.Counters.Max}  resets {frame.Resets.Count}  "
            + $"invalid +{frame.Counters.Invalid}  changed groups {frame.Groups.Count}{(groups.Length == 0 ? "" : ": " + groups)}{gaps}{NoteLines.Of(frame)}"
            + string.Concat(IpvsLines.Of(frame.Ipvs).Select(kept => Environment.NewLine + "           " + kept));
    }
}
