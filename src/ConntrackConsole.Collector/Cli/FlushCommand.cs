using System.CommandLine;
using System.Text.Json;
using ConntrackConsole.Collector.Cli.Json;
using ConntrackConsole.Collector.Commands;
using ConntrackConsole.Collector.Commands.Flush;
using ConntrackConsole.Collector.Journal;
using ConntrackConsole.Kernel.Conntrack;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Kernel.Proc;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Cli;

/// <summary>
/// flush: lists, and with --yes deletes, entries of a pod. Without a console the owner of the address is unknown, so that without
/// --break-glass only entries are selected that are always safe to delete.
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
            Description = $"{Safe}: UNREPLIED and SYN_SENT only. {DeadBackend}: every entry except those that prove to be alive. {All}: every entry. "
                + "All but the first need --break-glass and --reason, because without a console the owner of the address is unknown.",
            DefaultValueFactory = _ => Safe,
        };
        preset.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string>() is not (Safe or DeadBackend or All))
                result.AddError($"--preset is one of {Safe}, {DeadBackend}, {All}.");
        });
        var yes = new Option<bool>("--yes") { Description = "Delete what is listed. Without it nothing is deleted." };
        var breakGlass = new Option<bool>("--break-glass") { Description = "Go beyond the safe preset." };
        var reason = new Option<string?>("--reason") { Description = "The reason, for the journal.", HelpName = "TEXT" };
        var state = Options.State();
        var json = Options.Json("One JSON object.");
        var command = new Command("flush", """
            Lists the entries of a pod (dry run); --yes deletes the listed entries one by one. Cannot be undone: the client of a dead pod
            is reset at its next retransmission and reconnects; the client of a live pod may break. Run 'explain' first.

            Example: conntrack-collector flush --pod-ip 10.244.1.7 --preset dead-backend --break-glass --reason "INC-4711" --yes
            """)
        {
            podIp, preset, yes, breakGlass, reason, state, json,
        };
        command.SetAction((parsed, stop) => Task.FromResult(Run(
            parsed.GetValue(podIp)!.Value, parsed.GetValue(preset)!, parsed.GetValue(yes), parsed.GetValue(breakGlass),
            parsed.GetValue(reason), parsed.GetValue(state)!, parsed.GetValue(json), stop)));
        return command;
    }

    private static int Run(Ip podIp, string preset, bool yes, bool breakGlass, string? reason, string state, bool json, CancellationToken stop)
    {
        if (yes)
        {
            LocalOperator.ThrowIfObserveOnly();
            SettingCommands.RemoveExpiredFilter(state);
        }

        if (NodeFlushGuard.RefuseAddress(podIp.ToString(), OwnAddresses.Read(), out _) is { } refusal)
            throw new CommandException(ExitCode.RefusedByGuard, refusal);
        if (yes && preset != Safe && (!breakGlass || string.IsNullOrWhiteSpace(reason)))
        {
            throw new CommandException(
                ExitCode.RefusedByGuard, CommandLineReasons.BreakGlassRequired,
                $"Without a console the owner of {podIp} is unknown: --preset {preset} needs --break-glass and --reason TEXT.");
        }

        if (reason?.Length > NodeCommandGuard.MaxText)
            throw new CommandException(ExitCode.Usage, NodeReasons.TextTooLong, $"--reason is longer than the maximum of {NodeCommandGuard.MaxText} characters: shorten it.");
        var filter = new FlushFilter(preset switch { Safe => FlushPreset.Safe, All => FlushPreset.All, _ => FlushPreset.DeadBackend }, 0, default, 0);
        List<Flow> listed;
        using (var table = ConntrackTable.Open())
            listed = EntryDeleter.List(table, podIp);
        listed.RemoveAll(flow => !filter.Matches(in flow, OwnerState.Unknown));
        if (NodeFlushGuard.RefuseCount(listed.Count, approved: false) is { } tooMany)
            throw new CommandException(ExitCode.RefusedByGuard, tooMany);
        var ipvs = IpvsImpact.TryRead(podIp, filter)?.Summary;
        var outcome = yes && listed.Count > 0 ? Delete(new FlushList(podIp, filter, OwnerState.Unknown, listed, "", 0), reason, state, stop) : null;

        if (json)
        {
            var result = new FlushJson(
                podIp.ToString(), preset, !yes, [.. listed.Select(flow => FlowEntries.Of(in flow))],
                outcome?.Deleted, outcome?.AlreadyGone, outcome?.Alive, outcome?.Failed, outcome?.Remaining, outcome?.Errors ?? [], outcome is null ? ipvs : outcome.Ipvs);
            Console.Out.WriteLine(JsonSerializer.Serialize(result, CollectorJson.Default.FlushJson));
        }
        else
        {
            foreach (var flow in listed)
                Console.Out.WriteLine(FlowsCommand.Line(in flow));
            Console.Error.WriteLine(outcome is null
                ? $"{listed.Count} entries match{(yes || listed.Count == 0 ? "" : "; nothing was deleted (--yes deletes this list)")}."
                : $"{outcome.Deleted} deleted, {outcome.AlreadyGone} already gone, {outcome.Alive} alive and kept, {outcome.Failed} failed; {(outcome.Remaining < 0 ? "the number of remaining entries is unknown" : $"{outcome.Remaining} that match remain")}.");
            if (listed.Count(flow => flow.State == FlowState.Offloaded) is > 0 and var offloaded)
                Console.Error.WriteLine($"{offloaded} of them are offloaded to a flowtable: whether they are answered is unknown, and a flush may break them.");
            foreach (string error in outcome?.Errors ?? [])
                Console.Error.WriteLine(error);
            if ((outcome is null ? ipvs : outcome.Ipvs)?.Explain() is { } kept)
                Console.Error.WriteLine(kept);
        }

        return outcome is { Failed: > 0 } or { Ipvs.OutlivesFlush: true } || outcome?.EntryOutcomes.Contains(EntryDeleter.NotReached, StringComparison.Ordinal) == true ? ExitCode.Failed : ExitCode.Ok;
    }

    private static FlushResult Delete(FlushList list, string? reason, string state, CancellationToken stop)
    {
        if (!NodeSettings.TryRead(new Sysctl(), out var settings, out string? why))
            throw new CommandException(ExitCode.Failed, NodeReasons.SettingsUnreadable, why);
        var executor = new FlushExecutor(Environment.MachineName, new ActionJournal(state, log: Console.Error));
        using var fileLock = executor.TryLock(TimeSpan.FromSeconds(5), stop)
            ?? throw new CommandException(ExitCode.RefusedByGuard, FlushReasons.Busy, "Another flush is still running on this node. Nothing was done: retry when it has finished.");
        executor.ResolveInterrupted();
        var result = executor.Run(list, LocalOperator.Begin(reason), OwnerState.Unknown, settings.UnacknowledgedSeconds, stop);
        return result.Refusal is null ? result : throw new CommandException(ExitCode.Failed, result.Code!, result.Refusal);
    }
}
