using System.CommandLine;
using ConntrackConsole.Configuration;

namespace ConntrackConsole.Cli;

/// <summary>
/// The configuration keys as options of every command: --Key=VALUE, in any case, or --Key VALUE. System.CommandLine also takes ':' as the
/// separator before a value, so that a key with a value is passed on in the spelling of environment variables (--Storage__RowDays=7).
/// </summary>
internal sealed class KeyOptions
{
    private readonly Dictionary<string, Option<string[]>> _options = new(StringComparer.OrdinalIgnoreCase);

    private KeyOptions(IEnumerable<string> arguments)
    {
        foreach (var option in OptionKeys.All)
            _options.Add(option.Key, Create(option, option.Key));
        // Entries of a list beyond the first exist only if they are given.
        foreach (string argument in arguments)
        {
            if (Find(argument) is { } found && !_options.ContainsKey(found.Key))
            {
                var option = Create(found.Option, found.Key);
                option.Hidden = true;
                _options.Add(found.Key, option);
            }
        }
    }

    public IEnumerable<Option> All => _options.Values;

    public static KeyOptions For(IEnumerable<string> arguments) => new(arguments);

    /// <summary>The arguments with every key in the spelling of its option.</summary>
    public static string[] Normalize(IEnumerable<string> arguments) => [.. arguments.Select(argument =>
    {
        if (Find(argument) is not { } found)
            return argument;
        int equals = argument.IndexOf('=', StringComparison.Ordinal);
        // A blank also counts as unset, but System.CommandLine requires a value.
        return equals < 0 ? $"--{found.Key}" : Alias(found.Key) + (equals == argument.Length - 1 ? "= " : argument[equals..]);
    })];

    /// <summary>The given values; the last one if a key is given more than once.</summary>
    public IReadOnlyDictionary<string, string?> Values(ParseResult result) => _options
        .Where(option => result.GetResult(option.Value) is { Implicit: false })
        .ToDictionary(option => option.Key, option => result.GetValue(option.Value)?.LastOrDefault(), StringComparer.OrdinalIgnoreCase);

    private static Option<string[]> Create(OptionKey option, string key) => new($"--{key}", key.Contains(':', StringComparison.Ordinal) ? [Alias(key)] : [])
    {
        Description = Describe(option), HelpName = option.Type switch
        {
            OptionType.Integer => "N",
            OptionType.Boolean => "true|false",
            OptionType.Choice => string.Join('|', option.Values),
            _ => "TEXT",
        },
        Arity = ArgumentArity.OneOrMore, AllowMultipleArgumentsPerToken = false, Recursive = true,
    };

    private static string Describe(OptionKey option) =>
        (option.Type == OptionType.Integer && option.Max < int.MaxValue ? $"{option.Description}, {option.Min} to {option.Max}" : option.Description)
        + $" (default: {option.Default})" + (option.IsListEntry ? "; :1: and so on for more" : "");

    private static string Alias(string key) => "--" + key.Replace(":", "__", StringComparison.Ordinal);

    private static (OptionKey Option, string Key)? Find(string argument) =>
        argument.StartsWith("--", StringComparison.Ordinal) ? OptionKeys.Find(argument[2..].Split('=', 2)[0]) : null;
}
