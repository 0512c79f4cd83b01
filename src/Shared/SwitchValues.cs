using System.CommandLine;
using System.CommandLine.Parsing;

namespace ConntrackConsole.CommandLine;

/// <summary>
/// Checks the values of switches given as NAME=VALUE. System.CommandLine takes a value that is not true or false as the next
/// argument instead, so that for example 'sysctl set KEY --yes=1' would write 1.
/// </summary>
internal static class SwitchValues
{
    /// <returns>What is wrong with the first invalid switch, or null.</returns>
    public static string? Check(ParseResult parsed, IEnumerable<string> arguments)
    {
        var switches = CommandsOf(parsed).SelectMany(command => command.Options).Where(option => option.ValueType == typeof(bool))
            .SelectMany(option => option.Aliases.Prepend(option.Name)).ToHashSet(StringComparer.Ordinal);
        foreach (string argument in arguments.TakeWhile(argument => argument != "--"))
        {
            int separator = argument.IndexOfAny(['=', ':']);
            if (separator > 0 && switches.Contains(argument[..separator]) && !bool.TryParse(argument[(separator + 1)..], out _))
                return $"{argument[..separator]} takes true or false, not '{argument[(separator + 1)..]}'.";
        }

        return null;
    }

    /// <summary>The command that was typed and its parents, the root first.</summary>
    public static IEnumerable<Command> CommandsOf(ParseResult parsed)
    {
        var commands = new Stack<Command>();
        for (SymbolResult? result = parsed.CommandResult; result is CommandResult command; result = command.Parent)
            commands.Push(command.Command);
        return commands;
    }
}
