
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Kernel.Routes;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Explain;

/// <summary>Kinds of evidence that do not depend on one another.</summary>
internal enum EvidenceClass
{
    PacketDirection,
    EntryTransition,
    Counters,
    Configuration,
}

/// <summary>Entries of the address at the end, counted.</summary>
/// <param name="Remaining">Remaining timeout, such as "≤ 300 s".</param>
internal sealed record EntryBucket(string Proto, string State, string Remaining, int Count);

/// <summary>Everything that was seen of one pod address on one node. No cluster is known here.</summary>
internal sealed record Evidence
{
    public required Ip PodIp { get; init; }

    /// <summary>How long it was observed.</summary>
    public required int Seconds { get; init; }

    public IReadOnlyList<EntryBucket> Entries { get; init; } = [];

    /// <summary>Translated ESTABLISHED TCP entries that were looked at again and again. The next four are parts of it.</summary>
    public int Established { get; init; }

    /// <summary>Unacknowledged at every look for at least <see cref="StuckSeconds"/>.</summary>
    public int Stuck { get; init; }

    /// <summary>Its timeout rose at least once: the backend answered.</summary>
    public int Answered { get; init; }

    /// <summary>Full timeout running down: nobody sent.</summary>
    public int Idle { get; init; }

    /// <summary>Entries that a reset closed.</summary>
    public int Closed { get; init; }

    /// <summary>Clients (address and port) of un-NATed resets.</summary>
    public int UnNatedResets { get; init; }

    /// <summary>Clients that the backend reset, without those that had sent it an un-NATed reset before.</summary>
    public int BackendResets { get; init; }

    /// <summary>Backend's resets that an un-NATed one had brought about.</summary>
    public int BackendResetsThatFollow { get; init; }

    public int RefusedSyns { get; init; }

    public int NewBackendResets { get; init; }

    public int ClientAborts { get; init; }

    public int OtherResets { get; init; }

    /// <summary>Established entries that were destroyed before their connection ended.</summary>
    public int LostEntries { get; init; }

    /// <summary>New entries that begin in mid-stream, translated.</summary>
    public int MidStreamEntries { get; init; }

    /// <summary>New mid-stream entries from the pod's own address: its segment was not translated.</summary>
    public int UnNatedEntries { get; init; }

    /// <summary>Sums over the time, of the whole node.</summary>
    public Counters Counters { get; init; }

    /// <summary>Why resets cannot be seen here, or null.</summary>
    public string? ResetsMissing { get; init; }

    /// <summary>Packets that carried the address; null where packets cannot be seen.</summary>
    public (long From, long To)? Packets { get; init; }

    public string? PacketsMissing { get; init; }

    public RouteKind Route { get; init; } = RouteKind.Unspecified;

    /// <summary>The neighbour that packets to the address go to does not answer ARP.</summary>
    public bool NeighbourFailed { get; init; }

    /// <summary>Where a packet to the address goes, in words.</summary>
    public string RouteText { get; init; } = "";

    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>();

    public ProxyReading? Proxy { get; init; }

    /// <summary>Stretches of the time in which something was lost.</summary>
    public int Gaps { get; init; }

    /// <summary>Unacknowledged for so long without a single answer: longer than any healthy round trip with its retransmissions.</summary>
    public const int StuckSeconds = 10;

    public bool IsRouteDead => NeighbourFailed || Route is RouteKind.Blackhole or RouteKind.Unreachable or RouteKind.Prohibit;

    public long? Setting(string shortName) =>
        Settings.TryGetValue("net.netfilter." + shortName, out string? text) && long.TryParse(text, out long value) ? value : null;
}
