using System.CommandLine;
using System.Text.Json;
using ConntrackConsole.Collector.Cli.Json;
using ConntrackConsole.Collector.Observation;
using ConntrackConsole.Collector.Observation.Flows;
using ConntrackConsole.Collector.Observation.Resets;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Cli;

/// <summary>resets: lists the TCP resets of this node for some seconds.</summary>
internal static class ResetsCommand
{
    public static Command Build()
    {
        var seconds = new Option<int>("--seconds") { Description = "How long to listen.", DefaultValueFactory = _ => 10, HelpName = "N" };
        seconds.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is < 1 or > 86_400)
                result.AddError("--seconds takes a number from 1 to 86400.");
        });
        var json = Options.Json("One JSON object per reset.");
        var ranges = Options.PodCidr();
        var source = Options.Resets();
        var command = new Command("resets", """
            Lists TCP resets as they occur, each with the flow it belongs to: UnNated (the client resets the pod's own address),
            FromBackend (the pod resets it), RefusedSyn, NewBackend, ClientAbort, Direct (no Service involved), Other.

            Example: conntrack-collector resets --seconds 60 --json
            """) { seconds, json, ranges, source };
        command.SetAction(async (parsed, stop) =>
        {
            using var resets = ResetSource.TryOpen(parsed.GetValue(source), out string why)
                ?? throw new CommandException(ExitCode.Failed, CommandLineReasons.ResetsUnavailable, "Resets cannot be observed here: " + why);
            if (why.Length > 0)
                await Console.Error.WriteLineAsync(why);
            bool asJson = parsed.GetValue(json);
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
            limit.CancelAfter(TimeSpan.FromSeconds(parsed.GetValue(seconds)));
            var observer = new NodeObserver(new Grouping(parsed.GetValue(ranges) ?? []), TimeProvider.System, resets, () => null);
            int count = 0;
            await Task.Factory.StartNew(
                () => observer.Run(
                    frame =>
                    {
                        foreach (var reset in frame.Resets)
                        {
                            count++;
                            var result = ResetJson.Of(reset);
                            Console.Out.WriteLine(asJson
                                ? JsonSerializer.Serialize(result, CollectorJson.Default.ResetJson)
                                : $"{result.At:HH:mm:ss.fff}Z  {result.Kind,-11}  {result.Src}:{result.Sport}→{result.Dst}:{result.Dport}"
                                    + $"{(result.Vip is null ? "" : $"  of {result.Vip}:{result.Vport} by {result.Backend}")}{(result.Received ? "  (seen at the receiver)" : "")}");
                        }
                    },
                    limit.Token),
                CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
            await Console.Error.WriteLineAsync($"{count} resets");
            return ExitCode.Ok;
        });
        return command;
    }
}
