using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using ConntrackConsole.Collector.Cli.Json;
using ConntrackConsole.Collector.Commands.Settings;
using ConntrackConsole.Kernel.Proc;
using ConntrackConsole.Wire;

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
            var values = parsed.GetValue(key) is { } wanted ? Read(wanted) : ReadAll();
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

    private static Dictionary<string, string> Read(string name)
    {
        if (SysctlKey.TryParse(name, out var key))
        {
            var fault = new Sysctl().TryRead(key, out long value);
            return fault == SysctlFault.None
                ? new Dictionary<string, string> { [key.Name] = value.ToString(CultureInfo.InvariantCulture) }
                : throw new CommandException(ExitCode.Failed, SettingReasons.Unreadable, Sysctl.Explain(fault, key));
        }

        var kind = SettingCatalog.Find(name)!;
        return new SettingValues(new Sysctl()).TryRead(kind, out string? text, out string? why)
            ? new Dictionary<string, string> { [kind.Key] = text }
            : throw new CommandException(ExitCode.Failed, SettingReasons.Unreadable, why);
    }

    // What this kernel does not have is left out.
    private static Dictionary<string, string> ReadAll()
    {
        var sysctl = new Sysctl();
        var all = new Dictionary<string, string>(sysctl.ReadAll());
        var values = new SettingValues(sysctl);
        foreach (var kind in SettingCatalog.All.Where(kind => kind.Carrier != SettingCarrier.Sysctl))
        {
            if (values.TryRead(kind, out string? text, out _))
                all[kind.Key] = text;
        }

        return all;
    }

    private static Argument<string?> Key() => new("KEY")
    {
        Description = "For example nf_conntrack_tcp_be_liberal, with or without the prefix net.netfilter., or any other key that 'set' takes.",
        Arity = ArgumentArity.ZeroOrOne,
        CustomParser = result =>
        {
            if (result.Tokens.Count == 0)
                return null;
            string name = result.Tokens[0].Value;
            if (SysctlKey.TryParse(name, out _) || SettingCatalog.Find(name) is not null)
                return name;
            var known = SysctlKey.All.Select(key => key.ShortName).Concat(SettingCatalog.All.Where(kind => kind.Carrier != SettingCarrier.Sysctl).Select(kind => kind.Key));
            result.AddError($"'{name}' is not a setting that this program knows: {string.Join(", ", known)}.");
            return null;
        },
    };
}
