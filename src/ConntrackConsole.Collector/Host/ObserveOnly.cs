
using ConntrackConsole.Collector.Cli;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Host;

/// <summary>
/// A node that only looks: set where the collector is started, so that whoever holds the console cannot lift it. It refuses
/// every command, previews too, before anything is read for it.
/// </summary>
internal static class ObserveOnly
{
    public const string Option = "--observe-only";

    /// <summary>
    /// The same for every command of this environment: in a container it also binds who enters it with a shell.
    /// </summary>
    public const string Variable = "CONNTRACK_COLLECTOR_OBSERVE_ONLY";

    /// <summary>The sentence with which everything is refused, or null where commands are taken.</summary>
    /// <param name="node">The node's name.</param>
    /// <param name="option">Whether the option was given.</param>
    /// <param name="variable">The variable's value.</param>
    public static Reason? Refusal(string node, bool option, string? variable)
    {
        // Whatever is not plainly "no" is a yes: a slip of the pen must not give a right.
        bool named = variable?.Trim() is { Length: > 0 } value && value is not "0" && !value.Equals("false", StringComparison.OrdinalIgnoreCase);
        return option || named
            ? new Reason(NodeReasons.ObserveOnly, $"Node {node} is observe-only and refuses every command. This is set on the node ({(option ? Option : Variable)}), no console can lift it: "
                + "start the collector without it if this node is to act.")
            : null;
    }

    /// <summary>For commands typed on the node.</summary>
    /// <exception cref="CommandException">This environment is observe-only.</exception>
    public static void RefuseHere()
    {
        if (Refusal(Environment.MachineName, option: false, Environment.GetEnvironmentVariable(Variable)) is { } refusal)
            throw new CommandException(ExitCode.RefusedByGuard, refusal.Message);
    }
}
