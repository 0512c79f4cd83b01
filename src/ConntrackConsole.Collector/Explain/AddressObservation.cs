using ConntrackConsole.Diagnosis.Facts;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Kernel.Routes;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Explain;

/// <summary>Count of the address's entries at the end, by state and remaining timeout.</summary>
/// <param name="Remaining">Remaining timeout, such as "≤ 300 s".</param>
internal sealed record EntryBucket(string Proto, string State, string Remaining, int Count);

/// <summary>Everything that was observed of one pod address on one node, without knowledge of the cluster.</summary>
internal sealed record AddressObservation
{
    public required Ip PodIp { get; init; }

    /// <summary>Duration of the observation.</summary>
    public required int Seconds { get; init; }

    public IReadOnlyList<EntryBucket> Entries { get; init; } = [];

    /// <summary>Translated ESTABLISHED TCP entries that were sampled repeatedly. The next three are subsets.</summary>
    public int Established { get; init; }

    /// <summary>Unacknowledged in every sample for at least <see cref="LookupEvidence.StuckSeconds"/>.</summary>
    public int Stuck { get; init; }

    /// <summary>Waits for an acknowledgement at the last sample.</summary>
    public int Waiting { get; init; }

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

    /// <summary>Subset of <see cref="LostEntries"/>: their timeouts expired.</summary>
    public int LostByTimeout { get; init; }

    /// <summary>Subset of <see cref="LostEntries"/>: a program deleted them, this collector or another.</summary>
    public int LostByDelete { get; init; }

    /// <summary>Subset of <see cref="LostEntries"/>: the kernel evicted them.</summary>
    public int LostByEviction { get; init; }

    /// <summary>What IPVS has for the address; null if IPVS is not loaded.</summary>
    public IpvsEvidence? Ipvs { get; init; }

    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>();

    public ProxyReading? Proxy { get; init; }

    /// <summary>Number of intervals in which events were lost.</summary>
    public int Gaps { get; init; }

    public bool IsRouteDead => NeighbourFailed || Route is RouteKind.Blackhole or RouteKind.Unreachable or RouteKind.Prohibit;

    public long? Setting(string shortName) =>
        Settings.TryGetValue("net.netfilter." + shortName, out string? text) && long.TryParse(text, out long value) ? value : null;

    /// <summary>The same for the rules of the diagnosis.</summary>
    public Evidence ToEvidence() => new()
    {
        Subject = new DiagnosisSubject(PodIp),
        Scope = EvidenceScope.Node,
        Resets = ResetsMissing is { } missing ? Source<ResetEvidence>.Missing(missing) : new ResetEvidence
        {
            UnNated = UnNatedResets,
            FromBackend = BackendResets,
            FromBackendFollowing = BackendResetsThatFollow,
            FromBackendUnclear = BackendResetsUnclear,
            RefusedSyns = RefusedSyns,
            NewBackend = NewBackendResets,
            ClientAborts = ClientAborts,
            UnknownSender = UnknownClientResets,
            Other = OtherResets,
            Incomplete = ResetsIncomplete,
        },
        Traffic = Packets is { } packets ? new TrafficEvidence { Packets = packets } : Source<TrafficEvidence>.Missing(PacketsMissing ?? "not observed"),
        Entries = new EntryEvidence
        {
            Lost = new Dictionary<LossCause, Occurrences>
            {
                [LossCause.ByKernel] = LostByKernel,
                [LossCause.Timeout] = LostByTimeout,
                [LossCause.ForeignDelete] = LostByDelete,
                [LossCause.Kernel] = LostByEviction,
                [LossCause.None] = LostEntries - LostByKernel - LostByTimeout - LostByDelete - LostByEviction,
            },
            MidStream = MidStreamEntries,
            UnNated = UnNatedEntries,
            ClosedByReset = Closed,
        },
        Lookups = new LookupEvidence
        {
            Established = Established, Waiting = Waiting, Stuck = Stuck, Answered = Answered, Idle = Idle, Cut = Cut, Offloaded = Offloaded, Seconds = Seconds,
        },
        Ipvs = Ipvs ?? IpvsEvidence.NotLoaded,
        Lifecycle = Source<LifecycleEvidence>.Missing("one node does not know the cluster"),
        Counters = new CounterEvidence
        {
            Invalid = Counters.Invalid, Drop = Counters.Drop, EarlyDrop = Counters.EarlyDrop, InsertFailed = Counters.InsertFailed,
            ClashResolve = Counters.ClashResolve, Count = Counters.Count, Max = Counters.Max,
        },
        Settings = new SettingEvidence
        {
            BeLiberal = Switch("nf_conntrack_tcp_be_liberal"),
            Loose = Switch("nf_conntrack_tcp_loose"),
            UnacknowledgedSeconds = Setting("nf_conntrack_tcp_timeout_unacknowledged"),
            EstablishedSeconds = Setting("nf_conntrack_tcp_timeout_established"),
            ProxyMode = Proxy?.Mode ?? ProxyMode.Unknown,
        },
        Route = new RouteEvidence { IsBlocked = Route is RouteKind.Blackhole or RouteKind.Unreachable or RouteKind.Prohibit, NeighbourFailed = NeighbourFailed, Text = RouteText },
        Gaps = [.. Enumerable.Repeat(new Gap(GapKind.EventsLost, 0, 0, 0), Gaps)],
    };

    private bool? Switch(string shortName) => Setting(shortName) is { } value ? value != 0 : null;
}
