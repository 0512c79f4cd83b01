using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using ConntrackConsole.Collector.Execute;
using ConntrackConsole.Kernel.Proc;

namespace ConntrackConsole.Collector.CommandLine;

/// <summary>sysctl: reads conntrack's settings of this node, and writes those of a closed list.</summary>
internal static class SysctlCommand
{
    public static Command Build() => new("sysctl", """
        Reads conntrack's settings on this node, and changes one of a closed list of them.

        Example: conntrack-collector sysctl get
                 conntrack-collector sysctl set nf_conntrack_tcp_be_liberal 1 --reason "INC-4711" --yes
        """) { BuildGet(), BuildSet() };

    private static Command BuildGet()
    {
        var key = Key(required: false);
        var json = Options.Json("One JSON object, values by long name.");
        var command = new Command("get", "Prints one setting, or all that this kernel has.") { key, json };
        command.SetAction(parsed =>
        {
            var sysctl = new Sysctl();
            IReadOnlyDictionary<string, string> values;
            if (parsed.GetValue(key) is { } wanted)
            {
                var fault = sysctl.TryRead(wanted, out long value);
                if (fault != SysctlFault.None)
                    throw new CommandException(ExitCode.Failed, Sysctl.Explain(fault, wanted));
                values = new Dictionary<string, string> { [wanted.Name] = value.ToString(CultureInfo.InvariantCulture) };
            }
            else
            {
                values = sysctl.ReadAll();
            }

            if (parsed.GetValue(json))
            {
                Console.Out.WriteLine(JsonSerializer.Serialize(values, CollectorJson.Default.IReadOnlyDictionaryStringString));
            }
            else
            {
                foreach (var (name, value) in values)
                    Console.Out.WriteLine($"{name} = {value}");
            }

            return ExitCode.Ok;
        });
        return command;
    }

    private static Command BuildSet()
    {
        var key = Key(required: true);
        var value = new Argument<long>("VALUE") { Description = "The new value, a whole number." };
        var yes = new Option<bool>("--yes") { Description = "Write it. Without this nothing is changed." };
        var reason = new Option<string?>("--reason") { Description = "Why, for the journal.", HelpName = "TEXT" };
        var state = Options.State();
        var json = Options.Json("One JSON object.");
        var command = new Command("set", "Shows the change of one setting (dry run); --yes makes it. It lasts until the next boot or the next change, nothing sets it back.")
        {
            key, value, yes, reason, state, json,
        };
        command.SetAction(parsed => Set(
            parsed.GetValue(key)!, parsed.GetValue(value), parsed.GetValue(yes), parsed.GetValue(reason), parsed.GetValue(state)!, parsed.GetValue(json)));
        return command;
    }

    private static int Set(SysctlKey key, long wanted, bool yes, string? reason, string state, bool json)
    {
        ObserveOnly.RefuseHere();
        if (!key.IsWritable)
            throw new CommandException(ExitCode.Usage, Sysctl.Explain(SysctlFault.ReadOnly, key));
        if (wanted < key.Minimum || wanted > key.Maximum)
            throw new CommandException(ExitCode.Usage, Sysctl.Explain(SysctlFault.OutOfRange, key));
        var sysctl = new Sysctl();
        long before = Read(sysctl, key);
        long? now = null;
        if (yes)
        {
            var journal = new Journal(state);
            string id = Guid.CreateVersion7().ToString("N"), was = Text(before);
            journal.Write(new SettingLine(DateTimeOffset.UtcNow, "begin", id, key.Name, reason, was, Text(wanted)));
            var fault = sysctl.TryWrite(key, wanted);
            bool read = sysctl.TryRead(key, out long found) == SysctlFault.None;
            now = read ? found : null;
            journal.Write(new SettingLine(DateTimeOffset.UtcNow, "end", id, key.Name, reason, was, Text(wanted), read ? Text(found) : null));
            if (fault != SysctlFault.None)
                throw new CommandException(ExitCode.Failed, Sysctl.Explain(fault, key));
        }

        if (json)
            Console.Out.WriteLine(JsonSerializer.Serialize(new SettingJson(key.Name, Text(before), Text(wanted), now is { } value ? Text(value) : null, !yes), CollectorJson.Default.SettingJson));
        else
            Console.Out.WriteLine($"{key.Name}: {before} → {wanted}{(yes ? $", is {(now is null ? "not known" : now)}" : "; nothing was changed (--yes changes it)")}");
        if (yes && now != wanted)
            throw new CommandException(ExitCode.Failed, $"{key.Name} was written and reads {(now is null ? "not at all" : Text(now.Value))}: somebody else sets it, or the kernel rounds it.");
        if (yes && before != wanted)
            Console.Error.WriteLine($"To set it back: conntrack-collector sysctl set {key.ShortName} {before} --yes");
        return ExitCode.Ok;
    }

    private static long Read(Sysctl sysctl, SysctlKey key)
    {
        var fault = sysctl.TryRead(key, out long value);
        return fault == SysctlFault.None ? value : throw new CommandException(ExitCode.Failed, Sysctl.Explain(fault, key));
    }

    private static string Text(long value) => value.ToString(CultureInfo.InvariantCulture);

    private static Argument<SysctlKey?> Key(bool required) => new("KEY")
    {
        Description = "Such as nf_conntrack_tcp_be_liberal, with or without net.netfilter. before it.",
        Arity = required ? ArgumentArity.ExactlyOne : ArgumentArity.ZeroOrOne,
        CustomParser = result =>
        {
            if (result.Tokens.Count == 0)
                return null;
            if (SysctlKey.TryParse(result.Tokens[0].Value, out var key))
                return key;
            result.AddError($"'{result.Tokens[0].Value}' is not one of the settings that this program knows: {string.Join(", ", SysctlKey.All.Select(known => known.ShortName))}.");
            return null;
        },
    };
}

/// <summary>A change of a setting; <paramref name="Now"/> is null in a dry run.</summary>
internal sealed record SettingJson(string Key, string Before, string Wanted, string? Now, bool DryRun);
