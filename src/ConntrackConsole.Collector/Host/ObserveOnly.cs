using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Host;

/// <summary>
/// Makes a node observe-only. It is set where the collector is started, so that the console cannot override it. The node then
/// refuses every command, previews included, before it reads anything.
/// </summary>
internal static class ObserveOnly
{
    public const string Option = "--observe-only";

    /// <summary>The same for every command in this environment: in a container it also applies to anyone with a shell in it.</summary>
    public const string Variable = "CONNTRACK_COLLECTOR_OBSERVE_ONLY";

    /// <summary>The refusal of every command, or null if commands are allowed.</summary>
    /// <param name="node">The node's name.</param>
    /// <param name="option">Whether the option was given.</param>
    /// <param name="variable">The variable's value.</param>
    public static Reason? Refusal(string node, bool option, string? variable)
    {
        // Any value but 0, false and empty counts as set: a typo must not grant a permission.
        bool isSet = variable?.Trim() is { Length: > 0 } value && value is not "0" && !value.Equals("false", StringComparison.OrdinalIgnoreCase);
        return option || isSet
            ? new Reason(NodeReasons.ObserveOnly, $"Node {node} is observe-only and refuses every command. This is set on the node ({(option ? Option : Variable)}) and cannot be overridden by a console: "
                + "start the collector without it to allow actions on this node.")
            : null;
    }
}
