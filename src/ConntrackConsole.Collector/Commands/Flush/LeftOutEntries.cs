using ConntrackConsole.Kernel.Conntrack;

namespace ConntrackConsole.Collector.Commands.Flush;

/// <summary>
/// The entries of a flush's scope that stood there right after the deletion because the preset leaves them out: later they are
/// neither remaining nor recreated. Bounded; not thread-safe.
/// </summary>
/// <param name="list">The previewed list.</param>
internal sealed class LeftOutEntries(FlushList list)
{
    public const int MaxEntries = 20_000;

    private readonly HashSet<FlowOrigin> _origins = [];
    private readonly HashSet<FlowOrigin> _listed = [.. list.Flows.Select(flow => flow.Origin)];
    private bool _complete;

    /// <summary>Takes the entries of the address after the deletion; returns how many of them remain although the flush selects them.</summary>
    public int Take(IReadOnlyList<Flow> standing)
    {
        int remaining = 0;
        foreach (var flow in standing)
        {
            // By the owner of the preview: what it left out was not to be deleted, also if the owner has gone since.
            if (_listed.Contains(flow.Origin) || list.Filter.Matches(in flow, list.Owner))
                remaining++;
            else if (list.Filter.IsInScope(in flow, list.Owner) && _origins.Count <= MaxEntries)
                _origins.Add(flow.Origin);
        }

        _complete = _origins.Count <= MaxEntries;
        return remaining;
    }

    /// <summary>Whether the flush has nothing to do with an entry: it is outside the scope, or was left out.</summary>
    public bool Covers(in Flow flow) =>
        !list.Filter.IsInScope(in flow, list.Owner) || _origins.Contains(flow.Origin)
        // Not everything is known: an entry that the preset leaves out may be an old one.
        || (!_complete && !list.Filter.Matches(in flow, list.Owner));
}
