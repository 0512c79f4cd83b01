using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using ConntrackConsole.Collector.Cli.Json;
using ConntrackConsole.Collector.Commands.Settings;
using ConntrackConsole.Collector.Journal;
using ConntrackConsole.Collector.KubeProxy;
using ConntrackConsole.Kernel.Proc;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Cli;

/// <summary>sysctl set and sysctl revert: same rules and same journal as commands of the console.</summary>
internal static class SettingCommands
{
    private static readonly TimeSpan DefaultRevertAfter = TimeSpan.FromMinutes(30);

    public static Command BuildSet()
    {
        var key = new Argument<string>("KEY")
        {
            Description = $"One of {string.Join(", ", SettingCatalog.All.Select(kind => Short(kind.Key)))}.",
        };
        var value = new Argument<string>("VALUE") { Description = "The new value." };
        var yes = Yes();
        var reason = Reason();
        var after = new Option<TimeSpan?>("--revert-after")
        {
            Description = "After which time the collector on this node reverts it, such as 90s, 30m or 2h. Default: 30m, or the setting's maximum if that is less.",
            HelpName = "TIME",
            CustomParser = result =>
            {
                if (TryParseTime(result.Tokens[0].Value, out var time))
                    return time;
                result.AddError($"'{result.Tokens[0].Value}' is not a time such as 90s, 30m or 2h.");
                return null;
            },
        };
        var state = Options.State();
        var json = Options.Json("One JSON object.");
        var command = new Command("set", "Previews the change of one setting (dry run); --yes applies it. The collector that runs on this node reverts it.")
        {
            key, value, yes, reason, after, state, json,
        };
        command.SetAction(parsed => Set(
            parsed.GetValue(key)!, parsed.GetValue(value)!, parsed.GetValue(yes), parsed.GetValue(reason), parsed.GetValue(after),
            parsed.GetValue(state)!, parsed.GetValue(json)));
        return command;
    }

    public static Command BuildRevert()
    {
        var key = new Argument<string>("KEY") { Description = "A setting that was changed here and is not reverted yet." };
        var yes = Yes();
        var reason = Reason();
        var breakGlass = new Option<bool>("--break-glass") { Description = "Revert it although the collector withholds the revert." };
        var state = Options.State();
        var command = new Command("revert", "Previews the revert of one setting (dry run); --yes reverts it.") { key, yes, reason, breakGlass, state };
        command.SetAction(parsed => RevertAsync(
            parsed.GetValue(key)!, parsed.GetValue(yes), parsed.GetValue(reason), parsed.GetValue(breakGlass), parsed.GetValue(state)!));
        return command;
    }

    private static int Set(string name, string wanted, bool yes, string? reason, TimeSpan? after, string state, bool json)
    {
        LocalOperator.ThrowIfObserveOnly();
        RemoveExpiredFilter(state);
        var kind = Find(name);
        if (kind.Refuse(wanted) is { } wrong)
            throw new CommandException(ExitCode.Usage, wrong);
        var values = new SettingValues(new Sysctl());
        if (!values.TryRead(kind, out string? before, out string? unreadable))
            throw new CommandException(ExitCode.Failed, SettingReasons.Unreadable, unreadable);
        SettingResult? result = null;
        if (yes)
        {
            var revertAfter = after ?? TimeSpan.FromMilliseconds(Math.Min(kind.MaxRevertMs, DefaultRevertAfter.TotalMilliseconds));
            result = Handler(new ActionJournal(state, log: Console.Error), values, null).Apply(
                new SettingNodeCommand(LocalOperator.Command(RequireReason(reason), breakGlass: false), kind.Key, before, wanted, (long)revertAfter.TotalMilliseconds), JournalOrigin.CommandLine);
            ThrowUnlessDone(result);
        }
        // The same rules in the same order as with --yes, the open changes of the journal among them.
        else if (Handler(new ActionJournal(state, log: Console.Error), values, null).Read(new SettingRequest("", kind.Key, wanted)) is { Refusal: { } refusal } reading)
        {
            throw new CommandException(ExitCode.RefusedByGuard, reading.RefusalCode!, refusal);
        }

        DateTimeOffset? revertAt = result?.RevertAtMs is { } ms ? DateTimeOffset.FromUnixTimeMilliseconds(ms) : null;
        if (json)
            Console.Out.WriteLine(JsonSerializer.Serialize(new SettingJson(kind.Key, before, wanted, result?.Now, !yes, revertAt), CollectorJson.Default.SettingJson));
        else
            Console.Out.WriteLine($"{kind.Key}: {before} → {wanted}{(yes ? $", is {result?.Now}" : "; nothing was changed (--yes changes it)")}");
        if (revertAt is not null)
        {
            bool isDaemon = DaemonPresence.IsRunning(state);
            string at = NodeSettingGuard.Time(result!.RevertAtMs!.Value);
            Console.Error.WriteLine(isDaemon ? $"It is reverted at {at}. To revert it sooner: {RevertLine(kind)}"
                : kind.Carrier == SettingCarrier.Filter
                ? $"The kernel disarms it at {at}; the next start of a collector, sysctl set, sysctl revert or flush --yes with --state {state} then removes its empty table. To revert it sooner: {RevertLine(kind)}"
                : $"No collector runs on this node with --state {state}, so it is not reverted automatically. Revert it with: {RevertLine(kind)}");
        }

        return ExitCode.Ok;
    }

    private static async Task<int> RevertAsync(string name, bool yes, string? reason, bool breakGlass, string state)
    {
        LocalOperator.ThrowIfObserveOnly();
        var kind = Find(name);
        if (kind.Carrier != SettingCarrier.Filter) // Otherwise the revert itself removes the table.
            RemoveExpiredFilter(state);
        var journal = new ActionJournal(state, log: Console.Error);
        if (journal.Where(action => action.IsOpenChange && action.Begin.Target == kind.Key) is not [var open])
            throw new CommandException(ExitCode.Failed, SettingReasons.NotOpen, $"The journal in {state} has no open change of {kind.Key}: there is nothing to revert.");
        var change = open.Open();
        if (!yes)
        {
            Console.Out.WriteLine($"{change.Key}: {change.Written} → {change.Before}; nothing was changed (--yes changes it)");
            return ExitCode.Ok;
        }

        using var proxy = new KubeProxyScraper(TimeProvider.System);
        var reading = await proxy.ReadAsync(CancellationToken.None);
        var result = Handler(journal, new SettingValues(new Sysctl()), reading).Revert(
            new RevertNodeCommand(LocalOperator.Command(RequireReason(reason), breakGlass), change.ActionId), JournalOrigin.CommandLine);
        ThrowUnlessDone(result);
        Console.Out.WriteLine($"{change.Key}: {change.Written} → {change.Before}, is {result.Now}");
        if (result.Message is not null)
            Console.Error.WriteLine(result.Message);
        return ExitCode.Ok;
    }

    /// <summary>Removes the table of a filter that was armed with this state directory and has expired; creates no journal.</summary>
    public static void RemoveExpiredFilter(string state)
    {
        try
        {
            if (Directory.Exists(state))
                Handler(new ActionJournal(state, log: Console.Error), new SettingValues(new Sysctl()), null).RemoveExpiredFilter();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // The empty table is harmless; the command itself reports a journal that it needs and cannot use.
        }
    }

    private static SettingHandler Handler(ActionJournal journal, SettingValues values, ProxyReading? proxy) =>
        new(Environment.MachineName, TimeProvider.System, journal, values, RunningKernel.Read().BootId, () => proxy);

    private static SettingKind Find(string name) => SettingCatalog.Find(name) ?? throw new CommandException(
        ExitCode.Usage, SettingReasons.UnknownKey, $"'{name}' is not a setting that can be changed: {string.Join(", ", SettingCatalog.All.Select(kind => Short(kind.Key)))}.");

    private static string RequireReason(string? reason) => string.IsNullOrWhiteSpace(reason)
        ? throw new CommandException(ExitCode.Usage, NodeReasons.MissingReason, "--yes needs --reason TEXT: the reason, for the journal.")
        : reason;

    private static void ThrowUnlessDone(SettingResult result)
    {
        if (result.Outcome is not (SettingOutcome.Written or SettingOutcome.Already or SettingOutcome.Reverted))
        {
            throw new CommandException(
                result.Outcome is SettingOutcome.Refused or SettingOutcome.Withheld or SettingOutcome.Moved or SettingOutcome.Drifted ? ExitCode.RefusedByGuard : ExitCode.Failed,
                result.Code ?? SettingReasons.WriteFailed, result.Message ?? $"{result.Key}: {result.Outcome}.");
        }
    }

    private static bool TryParseTime(string text, out TimeSpan time)
    {
        time = default;
        double? unit = text.Length < 2 ? null : text[^1] switch { 's' => 1, 'm' => 60, 'h' => 3600, _ => null };
        if (unit is null || !int.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out int number) || number == 0)
            return false;
        time = TimeSpan.FromSeconds(number * unit.Value);
        return true;
    }

    private static string RevertLine(SettingKind kind) => $"conntrack-collector sysctl revert {Short(kind.Key)} --yes --reason TEXT";

    private static string Short(string key) => key.StartsWith("net.netfilter.", StringComparison.Ordinal) ? key["net.netfilter.".Length..] : key;

    private static Option<bool> Yes() => new("--yes") { Description = "Write it. Without this nothing is changed." };

    private static Option<string?> Reason() => new("--reason") { Description = "The reason, for the journal; required with --yes.", HelpName = "TEXT" };
}
