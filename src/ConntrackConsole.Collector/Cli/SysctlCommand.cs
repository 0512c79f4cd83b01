using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using ConntrackConsole.Collector.Cli.Json;
using ConntrackConsole.Kernel.Proc;

namespace ConntrackConsole.Collector.Cli;

/// <summary>sysctl: reads conntrack's settings on this node, changes those of a fixed list temporarily, and reverts them.</summary>
internal static class SysctlCommand
{
    public static Command Build() => new("sysctl", """
        Reads conntrack's settings on this node, changes those of a fixed list temporarily, and reverts them.

        Example: conntrack-collector sysctl get
                 conntrack-collector sysctl set nf_conntrack_tcp_be_liberal 1 --reason "INC-4711" --yes
                 conntrack-collector sysctl revert nf_conntrack_tcp_be_liberal --reason "INC-4711 is over" --yes
        """) { BuildGet(), SettingCommands.BuildSet(), SettingCommands.BuildRevert() };

    private static Command BuildGet()
    {
        var key = Key();
        var json = Options.Json("One JSON object: values by full name.");
        var command = new Command("get", "Prints one setting, or all settings that this kernel has.") { key, json };
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

    private static Argument<SysctlKey?> Key() => new("KEY")
    {
        Description = "For example nf_conntrack_tcp_be_liberal, with or without the prefix net.netfilter.",
        Arity = ArgumentArity.ZeroOrOne,
        CustomParser = result =>
        {
            if (result.Tokens.Count == 0)
                return null;
            if (SysctlKey.TryParse(result.Tokens[0].Value, out var key))
                return key;
            result.AddError($"'{result.Tokens[0].Value}' is not a setting that this program knows: {string.Join(", ", SysctlKey.All.Select(known => known.ShortName))}.");
            return null;
        },
    };
}
