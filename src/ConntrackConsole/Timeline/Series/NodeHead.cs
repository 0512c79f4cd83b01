using ConntrackConsole.Kernel.Net;
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
