using System.Runtime.CompilerServices;
using ConntrackConsole.Components.State;
using ConntrackConsole.Timeline.Model;

namespace ConntrackConsole.Components.Controls.Timeline;

/// <summary>What pages show of the nodes of a view. Open pages share the nodes of a snapshot, and the first of them sorts thousands.</summary>
/// <param name="First">The silent nodes, then the others, by name; at most <see cref="MaxNodes"/>.</param>
/// <param name="Silent">How many nodes are silent.</param>
/// <param name="ObserveOnly">The nodes that reject all commands.</param>
internal sealed record NodeOverview(IReadOnlyList<NodeHealth> First, int Silent, IReadOnlyList<string> ObserveOnly)
{
    public const int MaxNodes = 60;

    private const long HeldMs = 1_000;

    private static readonly ConditionalWeakTable<IReadOnlyList<NodeHealth>, NodeOverview> s_of = [];

    private long AtMs { get; init; }

    public static NodeOverview Of(TimelineView view)
    {
        ArgumentNullException.ThrowIfNull(view);
        // The nodes of a view that is shown again are those of then, but it is later now.
        if (s_of.TryGetValue(view.Nodes, out var known) && view.NowMs - known.AtMs is >= 0 and < HeldMs)
            return known;
        known = new NodeOverview(
            [.. view.Nodes.OrderBy(node => node.Reports(view.NowMs)).ThenBy(node => node.Node, StringComparer.Ordinal).Take(MaxNodes)],
            view.Nodes.Count(node => !node.Reports(view.NowMs)), [.. view.Nodes.Where(node => node.ObserveOnly()).Select(node => node.Node)]) { AtMs = view.NowMs };
        s_of.AddOrUpdate(view.Nodes, known);
        return known;
    }
}
