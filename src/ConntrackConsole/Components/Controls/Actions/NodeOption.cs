using ConntrackConsole.Components.State;
using ConntrackConsole.Timeline.Model;

namespace ConntrackConsole.Components.Controls.Actions;

/// <summary>A node in the list of targets of an action.</summary>
/// <param name="CannotAct">Why the node cannot run a command now, or null.</param>
public sealed record NodeOption(string Name, string? CannotAct)
{
    /// <summary>The default targets of an action: the nodes of the cluster and nodes with a connected collector.</summary>
    public static IReadOnlyList<NodeOption> Read(IReadOnlyList<NodeHealth> reported, IEnumerable<string> cluster, long nowMs)
    {
        ArgumentNullException.ThrowIfNull(reported);
        var health = reported.ToDictionary(node => node.Node, StringComparer.Ordinal);
        var known = cluster.ToHashSet(StringComparer.Ordinal);
        var names = known.Count > 0 ? known.Union(reported.Where(node => node.Connected).Select(node => node.Node)) : health.Keys;
        return [.. names.Order(StringComparer.Ordinal).Select(name => new NodeOption(name, health.GetValueOrDefault(name) switch
        {
            null => "no collector",
            var node when !node.Reports(nowMs) => "collector is silent",
            var node when node.ObserveOnly() => "observe-only: the collector rejects all commands",
            _ => null,
        }))];
    }
}
