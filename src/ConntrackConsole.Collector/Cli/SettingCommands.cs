using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using ConntrackConsole.Collector.Commands.Settings;
using ConntrackConsole.Collector.Host;
using ConntrackConsole.Collector.Journal;
using ConntrackConsole.Collector.KubeProxy;
using ConntrackConsole.Kernel.Proc;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Cli;

/// <summary>sysctl set and sysctl revert: by the same rules as an order of the console, and into the same journal.</summary>
internal static class SettingCommands
{
    private static readonly TimeSpan UsualLife = TimeSpan.FromMinutes(30);

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
            Description = "When the collector that runs on this node sets it back, such as 90s, 30m or 2h; 30m, or the longest that the setting allows.",
            HelpName = "TIME",
            CustomParser = result =>
            {
                if (TryParseTime(result.Tokens[0].Value, out var time))
                    return time;
                result.AddError($"'{result.Tokens[0].Value}' is no time such as 90s, 30m or 2h.");
                return null;
            },
        };
        var state = Options.State();
        var json = Options.Json("One JSON object.");
        var command = new Command("set", "Shows the change of one setting (dry run); --yes makes it. The collector that runs on this node sets it back.")
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
        var key = new Argument<string>("KEY") { Description = "A setting that was changed here and is not set back yet." };
        var yes = Yes();
        var reason = Reason();
        var breakGlass = new Option<bool>("--break-glass") { Description = "Set it back although the collector withholds that." };
        var state = Options.State();
        var command = new Command("revert", "Shows the open change of one setting (dry run); --yes sets it back.") { key, yes, reason, breakGlass, state };
        command.SetAction(parsed => RevertAsync(
            parsed.GetValue(key)!, parsed.GetValue(yes), parsed.GetValue(reason), parsed.GetValue(breakGlass), parsed.GetValue(state)!));
        return command;
    }

    private static int Set(string name, string wanted, bool yes, string? reason, TimeSpan? after, string state, bool json)
    {
        ObserveOnly.RefuseHere();
        var kind = Find(name);
        if (kind.Refuse(wanted) is { } wrong)
            throw new CommandException(ExitCode.Usage, wrong.Message);
        var values = new SettingValues(new Sysctl());
        if (!values.TryRead(kind, out string? before, out string? unreadable))
            throw new CommandException(ExitCode.Failed, unreadable);
        SettingResult? result = null;
        if (yes)
        {
            var life = after ?? TimeSpan.FromMilliseconds(Math.Min(kind.MaxRevertMs, UsualLife.TotalMilliseconds));
            result = Desk(new ActionJournal(state, log: Console.Error), values, null).Apply(
                new SettingNodeCommand(LocalOperator.Command(Needed(reason), breakGlass: false), kind.Key, before, wanted, (long)life.TotalMilliseconds), JournalOrigin.CommandLine);
            ThrowUnlessDone(result);
        }
        else if ((values.Refuse(kind) ?? SettingGuard.Refuse(kind, wanted, before, values.Memory)) is { } refusal)
        {
            throw new CommandException(ExitCode.RefusedByGuard, refusal.Message);
        }

        DateTimeOffset? revertAt = result?.RevertAtMs is { } ms ? DateTimeOffset.FromUnixTimeMilliseconds(ms) : null;
        if (json)
            Console.Out.WriteLine(JsonSerializer.Serialize(new SettingJson(kind.Key, before, wanted, result?.Now, !yes, revertAt), CollectorJson.Default.SettingJson));
        else
            Console.Out.WriteLine($"{kind.Key}: {before} → {wanted}{(yes ? $", is {result?.Now}" : "; nothing was changed (--yes changes it)")}");
        if (revertAt is not null)
        {
            bool isDaemon = DaemonPresence.IsSeen(state);
            Console.Error.WriteLine(isDaemon || kind.Carrier == SettingCarrier.Filter
                ? $"It is set back at {SettingGuard.Time(result!.RevertAtMs!.Value)}. Sooner: {RevertLine(kind)}"
                : $"No collector runs on this node with --state {state}: nobody will set it back. Do it yourself: {RevertLine(kind)}");
        }

        return ExitCode.Ok;
    }

    private static async Task<int> RevertAsync(string name, bool yes, string? reason, bool breakGlass, string state)
    {
        ObserveOnly.RefuseHere();
        var kind = Find(name);
        var journal = new ActionJournal(state, log: Console.Error);
        if (journal.Where(act => act.IsOpenChange && act.Begin.Target == kind.Key) is not [var open])
            throw new CommandException(ExitCode.Failed, $"The journal in {state} has no open change of {kind.Key}: there is nothing to set back.");
        var change = open.Open();
        if (!yes)
        {
            Console.Out.WriteLine($"{change.Key}: {change.Written} → {change.Before}; nothing was changed (--yes changes it)");
            return ExitCode.Ok;
        }

        using var proxy = new KubeProxyScraper(TimeProvider.System);
        var reading = await proxy.ReadAsync(CancellationToken.None);
        var result = Desk(journal, new SettingValues(new Sysctl()), reading).Revert(
            new RevertNodeCommand(LocalOperator.Command(Needed(reason), breakGlass), change.ActionId), JournalOrigin.CommandLine);
        ThrowUnlessDone(result);
        Console.Out.WriteLine($"{change.Key}: {change.Written} → {change.Before}, is {result.Now}");
        if (result.Message is not null)
            Console.Error.WriteLine(result.Message);
        return ExitCode.Ok;
    }

    private static SettingHandler Desk(ActionJournal journal, SettingValues values, ProxyReading? proxy) =>
        new(Environment.MachineName, TimeProvider.System, journal, values, RunningKernel.Read().BootId, () => proxy);

    private static SettingKind Find(string name) => SettingCatalog.Find(name) ?? throw new CommandException(
        ExitCode.Usage, $"'{name}' is not one of the settings that may be changed: {string.Join(", ", SettingCatalog.All.Select(kind => Short(kind.Key)))}.");

    private static string Needed(string? reason) => string.IsNullOrWhiteSpace(reason)
        ? throw new CommandException(ExitCode.Usage, "--yes needs --reason TEXT: why, for the journal and whoever reads it afterwards.")
        : reason;

    private static void ThrowUnlessDone(SettingResult result)
    {
        if (result.Outcome is not (SettingOutcome.Written or SettingOutcome.Already or SettingOutcome.Reverted))
        {
            throw new CommandException(
                result.Outcome is SettingOutcome.Refused or SettingOutcome.Withheld or SettingOutcome.Moved or SettingOutcome.Drifted ? ExitCode.RefusedByGuard : ExitCode.Failed,
                result.Message ?? $"{result.Key}: {result.Outcome}.");
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

    private static Option<string?> Reason() => new("--reason") { Description = "Why, for the journal; needed with --yes.", HelpName = "TEXT" };
}

/// <summary>A change of a setting; <paramref name="Now"/> is null in a dry run.</summary>
internal sealed record SettingJson(string Key, string Before, string Wanted, string? Now, bool DryRun, DateTimeOffset? RevertAt);
