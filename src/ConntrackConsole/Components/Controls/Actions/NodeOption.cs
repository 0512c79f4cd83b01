using ConntrackConsole.Components.State;
using ConntrackConsole.Timeline.Model;

namespace ConntrackConsole.Components.Controls.Actions;

/// <summary>A node that can be chosen for an action, or not, and why.</summary>
/// <param name="CannotAct">Why it takes no command now, or null.</param>
public sealed record NodeOption(string Name, string? CannotAct)
{
    /// <summary>The nodes that an action means where none is named: the cluster's, and those whose collector is connected.</summary>
    public static IReadOnlyList<NodeOption> Read(IReadOnlyList<NodeHealth> told, IEnumerable<string> cluster, long nowMs)
    {
        ArgumentNullException.ThrowIfNull(told);
        var health = told.ToDictionary(node => node.Node, StringComparer.Ordinal);
        var known = cluster.ToHashSet(StringComparer.Ordinal);
        var names = known.Count > 0 ? known.Union(told.Where(node => node.Connected).Select(node => node.Node)) : health.Keys;
        return [.. names.Order(StringComparer.Ordinal).Select(name => new NodeOption(name, health.GetValueOrDefault(name) switch
        {
            null => "no collector there",
            var node when !node.Reports(nowMs) => "its collector is silent",
            var node when node.ObserveOnly() => "observe-only: its collector refuses every command",
            _ => null,
        }))];
    }
}
