using System.CommandLine;
using System.Text.Json;
using ConntrackConsole.Collector.Execute;
using ConntrackConsole.Kernel.Conntrack;
using ConntrackConsole.Kernel.Proc;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.CommandLine;

/// <summary>
/// flush: lists, and with --yes deletes, entries of a pod. Without a console nobody has said who owns the address, so only
/// entries whose deletion is always safe are taken unless the glass is broken.
/// </summary>
internal static class FlushCommand
{
    private const string Safe = "safe";
    private const string DeadBackend = "dead-backend";
    private const string All = "all";

    public static Command Build()
    {
        var podIp = Options.PodIp(required: true);
        var preset = new Option<string>("--preset")
        {
            Description = $"{Safe}: UNREPLIED and SYN_SENT only. {DeadBackend}: every entry, those that prove alive are skipped. {All}: every entry. "
                + "All but the first need --break-glass and --reason, as no console says who owns the address.",
            DefaultValueFactory = _ => Safe,
        };
        preset.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string>() is not (Safe or DeadBackend or All))
                result.AddError($"--preset is one of {Safe}, {DeadBackend}, {All}.");
        });
        var yes = new Option<bool>("--yes") { Description = "Delete what is listed. Without it nothing is deleted." };
        var breakGlass = new Option<bool>("--break-glass") { Description = "Go beyond the safe preset." };
        var reason = new Option<string?>("--reason") { Description = "Why, for the journal.", HelpName = "TEXT" };
        var state = Options.State();
        var json = Options.Json("One JSON object.");
        var command = new Command("flush", """
            Lists the entries of a pod (dry run); --yes deletes that list, entry by entry. Cannot be undone: the client of a dead pod is
            reset at its next retransmission and reconnects, the client of a live one may break. Ask 'explain' first.

            Example: conntrack-collector flush --pod-ip 10.244.1.7 --preset dead-backend --break-glass --reason "INC-4711" --yes
            """)
        {
            podIp, preset, yes, breakGlass, reason, state, json,
        };
        command.SetAction(parsed => Run(
            parsed.GetValue(podIp)!.Value, parsed.GetValue(preset)!, parsed.GetValue(yes), parsed.GetValue(breakGlass),
            parsed.GetValue(reason), parsed.GetValue(state)!, parsed.GetValue(json)));
        return command;
    }

    private static int Run(Ip podIp, string preset, bool yes, bool breakGlass, string? reason, string state, bool json)
    {
        if (yes)
            ObserveOnly.RefuseHere();
        if (FlushGuard.RefuseAddress(podIp.ToString(), OwnAddresses.Read(), out _) is { } refusal)
            throw new CommandException(ExitCode.RefusedByGuard, refusal);
        if (yes && preset != Safe && (!breakGlass || string.IsNullOrWhiteSpace(reason)))
        {
            throw new CommandException(
                ExitCode.RefusedByGuard,
                $"Without a console nobody says who owns {podIp}: --preset {preset} needs --break-glass and --reason TEXT.");
        }

        using var table = ConntrackTable.Open();
        var listed = FlushRun.List(table, podIp);
        if (preset == Safe)
            listed.RemoveAll(flow => (flow.Status & FlowStatus.SeenReply) != 0 && flow.State != FlowState.SynSent);
        if (FlushGuard.RefuseCount(listed.Count) is { } tooMany)
            throw new CommandException(ExitCode.RefusedByGuard, tooMany);
        FlushRun.Outcome? outcome = null;
        if (yes && listed.Count > 0)
        {
            if (!NodeSettings.TryRead(new Sysctl(), out var settings, out string? why))
                throw new CommandException(ExitCode.Failed, why);
            var journal = new Journal(state);
            string id = Guid.CreateVersion7().ToString("N");
            journal.Write(new JournalLine(DateTimeOffset.UtcNow, "begin", id, podIp.ToString(), reason, listed.Count));
            outcome = FlushRun.Run(table, listed, podIp, preset == All ? uint.MaxValue : settings.UnacknowledgedSeconds);
            journal.Write(new JournalLine(
                DateTimeOffset.UtcNow, "end", id, podIp.ToString(), reason, listed.Count,
                outcome.Deleted, outcome.AlreadyGone, outcome.Alive, outcome.Failed, outcome.Remaining));
        }

        if (json)
        {
            var told = new FlushJson(
                podIp.ToString(), preset, !yes, [.. listed.Select(flow => FlowEntries.Of(in flow))],
                outcome?.Deleted, outcome?.AlreadyGone, outcome?.Alive, outcome?.Failed, outcome?.Remaining, outcome?.Errors ?? []);
            Console.Out.WriteLine(JsonSerializer.Serialize(told, CollectorJson.Default.FlushJson));
        }
        else
        {
            foreach (var flow in listed)
                Console.Out.WriteLine(FlowsCommand.Line(in flow));
            Console.Error.WriteLine(outcome is null
                ? $"{listed.Count} entries match{(yes || listed.Count == 0 ? "" : "; nothing was deleted (--yes deletes this list)")}."
                : $"{outcome.Deleted} deleted, {outcome.AlreadyGone} already gone, {outcome.Alive} alive and left, {outcome.Failed} failed; {outcome.Remaining} remain with this backend.");
            foreach (string error in outcome?.Errors ?? [])
                Console.Error.WriteLine(error);
        }

        return outcome is { Failed: > 0 } ? ExitCode.Failed : ExitCode.Ok;
    }
}
