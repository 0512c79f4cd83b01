using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Kernel.Routes;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Explain;

/// <summary>Independent kinds of evidence.</summary>
internal enum EvidenceClass
{
    PacketDirection,
    EntryTransition,
    Counters,
    Configuration,
}

internal static class EvidenceClasses
{
    public static string Name(EvidenceClass kind) => kind switch
    {
        EvidenceClass.PacketDirection => "packet direction",
        EvidenceClass.EntryTransition => "entry transition",
        EvidenceClass.Counters => "counters",
        _ => "configuration",
    };
}

/// <summary>Count of the address's entries at the end, by state and remaining timeout.</summary>
/// <param name="Remaining">Remaining timeout, such as "≤ 300 s".</param>
internal sealed record EntryBucket(string Proto, string State, string Remaining, int Count);

/// <summary>Everything that was observed of one pod address on one node, without knowledge of the cluster.</summary>
internal sealed record Evidence
{
    public required Ip PodIp { get; init; }

    /// <summary>Duration of the observation.</summary>
    public required int Seconds { get; init; }

    public IReadOnlyList<EntryBucket> Entries { get; init; } = [];

    /// <summary>Translated ESTABLISHED TCP entries that were sampled repeatedly. The next three are subsets.</summary>
    public int Established { get; init; }

    /// <summary>Unacknowledged in every sample for at least <see cref="StuckSeconds"/>.</summary>
    public int Stuck { get; init; }

    /// <summary>The timeout rose at least once: the backend answered.</summary>
    public int Answered { get; init; }

    /// <summary>Full timeout running down: no traffic.</summary>
    public int Idle { get; init; }

    /// <summary>
    /// The timeout is short and runs down without a retransmission: a stray reset may have cut it, so it is no sign of a hang.
    /// </summary>
    public int Cut { get; init; }

    /// <summary>
    /// Entries of connections that a flowtable forwards: conntrack sees neither their segments nor their answers, and they have no timeout.
    /// </summary>
    public int Offloaded { get; init; }

    /// <summary>Entries that a reset closed.</summary>
    public int Closed { get; init; }

    /// <summary>Clients (address and port) of un-NATed resets.</summary>
    public int UnNatedResets { get; init; }

    /// <summary>Clients that the backend reset, except those that had sent it an un-NATed reset before.</summary>
    public int BackendResets { get; init; }

    /// <summary>Backend resets caused by an earlier un-NATed reset.</summary>
    public int BackendResetsThatFollow { get; init; }

    public int RefusedSyns { get; init; }

    public int NewBackendResets { get; init; }

    public int ClientAborts { get; init; }

    /// <summary>
    /// Clients from which the pod received a reset from an unknown sender: an abort, or the answer to an un-NATed segment.
    /// </summary>
    public int UnknownClientResets { get; init; }

    /// <summary>Backend resets to such a client: which of the two came first, and why, is unknown.</summary>
    public int BackendResetsUnclear { get; init; }

    public int OtherResets { get; init; }

    /// <summary>Established entries that were destroyed before their connection ended.</summary>
    public int LostEntries { get; init; }

    /// <summary>New translated entries that begin in mid-stream.</summary>
    public int MidStreamEntries { get; init; }

    /// <summary>New mid-stream entries from the pod's own address: its segment was not translated.</summary>
    public int UnNatedEntries { get; init; }

    /// <summary>Totals of the whole node over the observation.</summary>
    public Counters Counters { get; init; }

    /// <summary>Why resets cannot be observed here, or null.</summary>
    public string? ResetsMissing { get; init; }

    /// <summary>Which resets are not observed where they are sent, or null.</summary>
    public string? ResetsIncomplete { get; init; }

    /// <summary>Packets from and to the address; null if packets cannot be observed.</summary>
    public (long From, long To)? Packets { get; init; }

    public string? PacketsMissing { get; init; }

    public RouteKind Route { get; init; } = RouteKind.Unspecified;

    /// <summary>The neighbour that packets to the address go to does not answer ARP.</summary>
    public bool NeighbourFailed { get; init; }

    /// <summary>Description of the route to the address.</summary>
    public string RouteText { get; init; } = "";

    /// <summary>Subset of <see cref="LostEntries"/>: the kernel removed them although their timeouts cannot have run out.</summary>
    public int LostByKernel { get; init; }

    /// <summary>What IPVS has for the address; null if IPVS is not loaded.</summary>
    public IpvsEvidence? Ipvs { get; init; }

    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>();

    public ProxyReading? Proxy { get; init; }

    /// <summary>Number of intervals in which events were lost.</summary>
    public int Gaps { get; init; }

    /// <summary>Minimum time without any acknowledgement: longer than any healthy round trip with its retransmissions.</summary>
    public const int StuckSeconds = 10;

    public bool IsRouteDead => NeighbourFailed || Route is RouteKind.Blackhole or RouteKind.Unreachable or RouteKind.Prohibit;

    public long? Setting(string shortName) =>
        Settings.TryGetValue("net.netfilter." + shortName, out string? text) && long.TryParse(text, out long value) ? value : null;
}
