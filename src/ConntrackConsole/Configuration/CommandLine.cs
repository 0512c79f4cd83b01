using System.Reflection;
using System.Text;

namespace ConntrackConsole.Configuration;

/// <summary>What stands behind the program's name: --help, --version, or --Key=value for the keys of <see cref="Setting"/>.</summary>
public sealed record CommandLine(bool Help, bool Version, IReadOnlyDictionary<string, string?> Values)
{
    public static string ProgramVersion =>
        typeof(CommandLine).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "0";

    /// <exception cref="StartFault">Something that no key knows.</exception>
    public static CommandLine Parse(IReadOnlyList<string> args)
    {
        var values = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase);
        for (int i = 0; i < args.Count; i++)
        {
            string arg = args[i];
            if (arg is "--help" or "-h" or "-?")
                return new CommandLine(true, false, values);
            if (arg is "--version")
                return new CommandLine(false, true, values);
            int equals = arg.IndexOf('=', StringComparison.Ordinal);
            string name = equals < 0 ? arg : arg[..equals];
            var setting = name.StartsWith("--", StringComparison.Ordinal) ? Setting.All.FirstOrDefault(s => s.Spell(name[2..]) is not null) : null;
            if (setting is null)
                throw new StartFault($"Unknown option '{name}': see conntrack-console --help for those that exist.");
            if (equals < 0 && i + 1 >= args.Count)
                throw new StartFault($"Option '{name}' needs a value: {name}=VALUE ({setting.Meaning}).");
            values[setting.Spell(name[2..])!] = equals < 0 ? args[++i] : arg[(equals + 1)..];
        }

        return new CommandLine(false, false, values);
    }

    public static string HelpText()
    {
        var text = new StringBuilder("""
            conntrack-console: a live timeline of pods that terminate, conntrack entries and TCP resets, with a guarded flush.

            Usage: conntrack-console [--KEY=VALUE ...] | node-secret NAME [--KEY=VALUE ...] | --help | --version
                   conntrack-console audit verify [--head N:HASH] [--json] [--KEY=VALUE ...]

            node-secret prints the secret of one node's collector, made from Collectors:Token: give it to that collector as
            CONNTRACK_NODE_SECRET.

            Keys (also as environment variables, or in appsettings.json beside the program):

            """);
        int width = Setting.All.Max(s => s.Variable.Length) + 2;
        foreach (var setting in Setting.All)
            text.Append("  --").Append(setting.Key.PadRight(width)).Append(setting.Variable.PadRight(width)).AppendLine(setting.Meaning);
        text.Append("""

            After the start, open the sign-in link that the log shows.
            Exit codes: 0 ended as asked, 1 failed while running, 2 wrong input or configuration.
            """);
        return text.ToString();
    }
}
