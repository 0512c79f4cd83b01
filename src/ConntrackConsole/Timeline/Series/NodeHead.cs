using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Nodes;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Timeline.Series;

/// <summary>What is known of a node as of its last frame. A group's steps after it are not known yet.</summary>
/// <param name="LastHeardMs">By the console's clock.</param>
/// <param name="LastAtMs">By the node's clock.</param>
/// <param name="Known">The intervals in which the table was known, oldest first, by the node's clock.</param>
/// <param name="WatchedAddresses">The current results of the node's look-ups for addresses without a live owner.</param>
internal sealed record NodeHead(
    string Name, Hello? Hello, bool Connected, long LastHeardMs, long LastAtMs, Counters Counters, CollectorCost? Cost,
    (long FromMs, long ToMs)[] Known, IReadOnlyDictionary<Ip, WatchedAddress> WatchedAddresses)
{
    /// <summary>What IPVS keeps on the node now; null where it is not loaded, and from older collectors.</summary>
    public IpvsReading? Ipvs { get; init; }

    /// <summary>The console's clock minus the node's; 0 if it was not reported.</summary>
    public int ClockOffsetMs => Cost is { ClockOffsetMs: not int.MinValue } cost ? cost.ClockOffsetMs : 0;

    public bool IsSilent(long nowMs) => nowMs - LastHeardMs > NodeTimeline.SilentMs;
}

/// <summary>What the diagnosis knows of a node. Immutable.</summary>
/// <param name="TruncatedNotes">Frames in which not all notes, late answers or refusals fitted.</param>
/// <param name="CompleteSinceMs">Since when its resets, notes and look-ups are complete; 0 = as far as memory reaches.</param>
internal sealed record NodeRecord(NodeHead Head, CounterIncrease[] Increases, long[] TruncatedNotes, long CompleteSinceMs, NodeFacts Facts);

/// <summary>
/// The records of nodes that one round of the diagnosis has read: its addresses have entries on the same nodes, and a record is the same until
/// the node's next frame. Not thread-safe: the store of the timeline holds its lock.
/// </summary>
internal sealed class NodeRecords
{
    private readonly Dictionary<int, NodeRecord> _known = [];

    public NodeRecord Of(NodeTimeline node)
    {
        // Whatever changes a node gives it another head.
        if (!_known.TryGetValue(node.Slot, out var record) || !ReferenceEquals(record.Head, node.Head))
            _known[node.Slot] = record = Read(node);
        return record;
    }

    public static NodeRecord Read(NodeTimeline node) => new(
        node.Head, [.. node.Incidents.Increases], [.. node.Incidents.TruncatedNotes], node.Incidents.CompleteSinceMs,
        node.Readings.Facts(node.Name, node.Connected, node.Head.LastHeardMs, node.Head.Counters, node.IsTableKnown, node.HasTranslatedEntries));
}
