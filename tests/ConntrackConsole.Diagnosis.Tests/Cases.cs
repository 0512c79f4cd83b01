using ConntrackConsole.Diagnosis.Catalog;
using ConntrackConsole.Diagnosis.Facts;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Diagnosis.Tests;

/// <summary>Evidence of a calm pod, and one case for each mechanism in which it is true.</summary>
internal static class Cases
{
    /// <summary>Time of the deletion request.</summary>
    public const long T = 1_000_000;

    public static readonly Evidence Calm = new()
    {
        Subject = new DiagnosisSubject(Ip.Parse("10.244.1.7"), new ServiceAddress(Protocols.Tcp, Ip.Parse("10.96.0.10"), 80)),
        Window = new ObservationWindow(T - 10_000, T + 50_000),
        Resets = new ResetEvidence { ClientAborts = 2, Other = 1 },
        Traffic = new TrafficEvidence { Packets = (100, 100), Refused = 0, DelayedConnects = 0, DelayedByFailedInsertions = 0 },
        Entries = new EntryEvidence { OfAnyService = 50 },
        Lookups = new LookupEvidence { Established = 10, Answered = 6, Idle = 4, Seconds = 30 },
        Ipvs = IpvsEvidence.NotLoaded,
        Lifecycle = new LifecycleEvidence { HasLiveOwner = true, ReadyEndpoints = 3 },
        Counters = new CounterEvidence { Count = 10, Max = 1000 },
        Proxy = new ProxyEvidence { InvalidDropped = 0 },
        Settings = new SettingEvidence { BeLiberal = false, Loose = true, UnacknowledgedSeconds = 300, EstablishedSeconds = 86_400, ProxyMode = ProxyMode.Iptables, RandomFully = true },
        Route = new RouteEvidence { HasLeaf = true, Text = "packets to 10.244.1.7 leave by veth7" },
    };

    /// <summary>By code: the mechanism that is true, and nothing else is.</summary>
    public static readonly IReadOnlyDictionary<string, Evidence> True = new Dictionary<string, Evidence>
    {
        [MechanismCodes.InvalidUntranslated] = Calm with { Resets = Resets with { UnNated = 3, FromBackendFollowing = 1 }, Counters = NodeCounters with { Invalid = 6 } },
        [MechanismCodes.InvalidDropped] = Calm with { Proxy = Proxy with { InvalidDropped = 40 } },
        [MechanismCodes.EntryLost] = Calm with { Resets = Resets with { UnNated = 3 }, Entries = Entries with { UnNated = 3, Lost = Lost(LossCause.Kernel, 3) }, Counters = NodeCounters with { EarlyDrop = 3 } },
        [MechanismCodes.Rebalanced] = Calm with { Resets = Resets with { NewBackend = 2 }, Entries = Entries with { MidStream = 2, Lost = Lost(LossCause.OwnDelete, 2) } },
        [MechanismCodes.NoDrain] = Calm with
        {
            Resets = Resets with { FromBackend = Occurrences.At(T + 400, T + 900) },
            Entries = Entries with { ClosedByReset = 2 },
            Lifecycle = Ended with { DeletionRequestedMs = T, GraceSeconds = 30, FinishedMs = T + 1_000, ExitCode = 0 },
        },
        [MechanismCodes.GraceTooShort] = Calm with
        {
            Resets = Resets with { FromBackend = Occurrences.At(T + 29_900, T + 30_050) },
            Entries = Entries with { ClosedByReset = 2 },
            Lifecycle = Ended with { DeletionRequestedMs = T, GraceSeconds = 30, FinishedMs = T + 30_000, ExitCode = 137 },
        },
        [MechanismCodes.RefusedWhileListed] = Calm with
        {
            Resets = Resets with { RefusedSyns = Occurrences.At(T + 200, T + 300) },
            Lifecycle = Ended with { DeletionRequestedMs = T, GraceSeconds = 30, FinishedMs = T + 100, EndpointRemovedMs = T + 5_000 },
        },
        [MechanismCodes.BlackHole] = Calm with { Lookups = Hung, Traffic = Silent, Lifecycle = Ended },
        [MechanismCodes.AddressReused] = Calm with
        {
            Resets = Resets with { FromBackend = Occurrences.At(T + 41_000, T + 42_000, T + 42_500) },
            Entries = Entries with { OlderThanOwner = 4, ClosedByReset = 3 },
            Lifecycle = Life with { NewOwner = new AddressOwner("shop/cart-2", T + 40_000, true) },
        },
        [MechanismCodes.WrongBackend] = Calm with
        {
            Entries = Entries with { EstablishedWithOwner = 2 },
            Lifecycle = Life with { NewOwner = new AddressOwner("other/job-1", T + 40_000, false) },
        },
        [MechanismCodes.ProxyLagged] = Calm with
        {
            Entries = Entries with { NewAfterRemoval = Occurrences.At(T + 9_000, T + 12_000) },
            Lifecycle = Ended with { EndpointRemovedMs = T + 5_000 },
            Proxy = Proxy with { ChangesPending = 4, PendingSeconds = 20 },
        },
        [MechanismCodes.SynReuse] = Calm with { Entries = Entries with { SynSentReused = 2 }, Lifecycle = Ended, Traffic = Silent },
        [MechanismCodes.NoEndpoints] = Calm with { Traffic = Traffic with { Refused = 4 }, Lifecycle = Life with { ReadyEndpoints = 0 } },
        [MechanismCodes.UdpDeadBackend] = Calm with { Entries = Entries with { RefreshedUdp = 2 }, Lifecycle = Ended, Traffic = Silent },
        [MechanismCodes.UdpUntranslated] = Calm with { Entries = Entries with { UntranslatedUdp = 2 } },
        [MechanismCodes.IpvsDrops] = Calm with { Ipvs = Ipvs(2, 0, false, 0) },
        [MechanismCodes.IpvsWillEnd] = Calm with { Ipvs = Ipvs(2, 0, true, 0) },
        [MechanismCodes.IpvsEnded] = Calm with { Ipvs = Ipvs(0, 0, true, 0), Resets = Resets with { NewBackend = 1 }, Entries = Entries with { Lost = Lost(LossCause.ByKernel, 1) } },
        [MechanismCodes.IpvsDraining] = Calm with { Ipvs = Ipvs(0, 8, true, 1), Lookups = Hung, Traffic = Silent },
        [MechanismCodes.IdleExpiry] = Calm with { Resets = Resets with { UnNated = 3 }, Entries = Entries with { UnNated = 3, Lost = Lost(LossCause.Timeout, 3) } },
        [MechanismCodes.Bypassed] = Calm with { Settings = Settings with { Bypass = "Cilium's replacement of kube-proxy" }, Entries = Entries with { OfAnyService = 0 } },
        [MechanismCodes.PortClash] = Calm with { Counters = NodeCounters with { InsertFailed = 7 }, Traffic = Traffic with { DelayedConnects = 3, DelayedByFailedInsertions = 3 } },
    };

    /// <summary>Other ways to the same mechanisms.</summary>
    public static readonly IReadOnlyDictionary<string, (string Code, Evidence Seen)> AlsoTrue = new Dictionary<string, (string, Evidence)>
    {
        ["a dead route, at once"] = (MechanismCodes.BlackHole, Calm with { Lookups = Lookups with { Answered = 0, Waiting = 6, Seconds = 2 }, Traffic = Traffic with { Packets = null }, Lifecycle = Ended, Route = DeadRoute }),
        ["no pod's interface has the address"] = (MechanismCodes.BlackHole, Calm with { Lookups = Lookups with { Answered = 0, Waiting = 6, Seconds = 1 }, Traffic = Silent, Lifecycle = Ended, Route = Calm.Route.Value! with { HasLeaf = false } }),
        ["connections that hung until their entries expired"] = (MechanismCodes.BlackHole, Calm with { Entries = Entries with { Abandoned = 2 }, Lookups = Lookups with { Established = 0, Answered = 0 }, Traffic = Silent, Lifecycle = Ended }),
        ["a lost node"] = (MechanismCodes.BlackHole, Calm with { Lookups = Hung, Traffic = Silent, Lifecycle = Life with { NodeLost = true } }),
        ["a node that fell silent, before the control plane's word"] = (MechanismCodes.BlackHole, Calm with { Lookups = BackingOff, Traffic = Traffic with { Packets = null }, Lifecycle = Life with { Silence = Silence } }),
        ["a drain that ends after some seconds"] = (MechanismCodes.NoDrain, Calm with
        {
            Resets = Resets with { FromBackend = Occurrences.At(T + 8_000) },
            Lifecycle = Ended with { DeletionRequestedMs = T, GraceSeconds = 30, FinishedMs = T + 8_000, ExitCode = 0 },
        }),
        ["resets without times, and no other owner"] = (MechanismCodes.NoDrain, Calm with
        {
            Resets = Resets with { FromBackend = 4 }, Lifecycle = Ended with { DeletionRequestedMs = T, FinishedMs = T + 500, ExitCode = 0 },
        }),
        ["an expiry and another pod"] = (MechanismCodes.IdleExpiry, Calm with { Resets = Resets with { NewBackend = 2 }, Entries = Entries with { MidStream = 2, Lost = Lost(LossCause.Timeout, 2) } }),
        ["another program deletes entries"] = (MechanismCodes.EntryLost, Calm with { Resets = Resets with { UnNated = 2 }, Entries = Entries with { UnNated = 2, Lost = Lost(LossCause.ForeignDelete, 5) } }),
        ["un-NATed resets beside expiries that broke nothing"] = (MechanismCodes.InvalidUntranslated, Calm with
        {
            Resets = Resets with { UnNated = 3 }, Entries = Entries with { Lost = Lost(LossCause.Timeout, 30) }, Counters = NodeCounters with { Invalid = 6 },
        }),
        ["IPVS ended connections, beside expiries that broke nothing"] = (MechanismCodes.IpvsEnded, Calm with
        {
            Ipvs = Ipvs(0, 0, true, 0), Resets = Resets with { NewBackend = 1 }, Entries = Entries with { Lost = Lost(LossCause.ByKernel, 1, LossCause.Timeout, 5) },
        }),
        ["IPVS ended connections, beside one that was picked up in mid-stream"] = (MechanismCodes.IpvsEnded, Calm with
        {
            Ipvs = Ipvs(0, 0, true, 0), Resets = Resets with { NewBackend = 1 }, Entries = Entries with { MidStream = 1, Lost = Lost(LossCause.ByKernel, 1) },
        }),
        ["a removed endpoint refuses"] = (MechanismCodes.ProxyLagged, Calm with
        {
            Resets = Resets with { RefusedSyns = Occurrences.At(T + 9_000) }, Entries = Entries with { NewAfterRemoval = Occurrences.At(T + 9_000) },
            Lifecycle = Ended with { DeletionRequestedMs = T, FinishedMs = T + 4_900, ExitCode = 0, EndpointRemovedMs = T + 5_000 },
        }),
        ["lost entries that no segment creates again"] = (MechanismCodes.EntryLost, Calm with
        {
            Resets = Resets with { UnNated = 3 }, Entries = Entries with { Lost = Lost(LossCause.OwnDelete, 3) }, Settings = Settings with { Loose = false },
        }),
        ["a new owner since before the window"] = (MechanismCodes.AddressReused, Calm with
        {
            Resets = Resets with { FromBackend = 2 }, Entries = Entries with { OlderThanOwner = 2 }, Lifecycle = Life with { NewOwner = new AddressOwner("shop/cart-2", T - 60_000, true) },
        }),
        ["a new owner that its node saw before its status named the address"] = (MechanismCodes.AddressReused, Calm with
        {
            Resets = Resets with { FromBackend = Occurrences.At(T + 2_500, T + 3_000) }, Entries = Entries with { OlderThanOwner = 2 },
            Lifecycle = Life with { DeletionRequestedMs = T, FinishedMs = T + 1_000, ExitCode = 137, FormerGoneMs = T + 1_800, NewOwner = new AddressOwner("shop/cart-2", T + 3_500, true) },
        }),
        ["a terminating pod without an interface"] = (MechanismCodes.BlackHole, Calm with
        {
            Lookups = Lookups with { Answered = 0, Waiting = 6, Seconds = 3 }, Traffic = Traffic with { Packets = null }, Lifecycle = Life with { DeletionRequestedMs = T, HasLiveOwner = null },
            Route = Calm.Route.Value! with { HasLeaf = false },
        }),
        ["a Service that was scaled to zero, and clients"] = (MechanismCodes.NoEndpoints, Calm with
        {
            Traffic = Traffic with { Refused = Occurrences.At(T + 500) }, Lifecycle = Life with { ReadyEndpoints = 0, ScaledToZero = true, NoEndpointSinceMs = T },
        }),
    };

    public static IEnumerable<(string Name, string Code, Evidence Seen)> All =>
        True.Select(pair => (pair.Key, pair.Key, pair.Value)).Concat(AlsoTrue.Select(pair => (pair.Key, pair.Value.Code, pair.Value.Seen)));

    public static ResetEvidence Resets => Calm.Resets.Value!;

    public static TrafficEvidence Traffic => Calm.Traffic.Value!;

    public static EntryEvidence Entries => Calm.Entries.Value!;

    public static LookupEvidence Lookups => Calm.Lookups.Value!;

    public static LifecycleEvidence Life => Calm.Lifecycle.Value!;

    public static LifecycleEvidence Ended => Life with { HasLiveOwner = false };

    public static CounterEvidence NodeCounters => Calm.Counters.Value!;

    public static ProxyEvidence Proxy => Calm.Proxy.Value!;

    public static SettingEvidence Settings => Calm.Settings.Value!;

    public static LookupEvidence Hung => Lookups with { Answered = 0, Idle = 2, Stuck = 8, Waiting = 8 };

    public static LookupEvidence BackingOff => Lookups with { Answered = 0, Waiting = 6, BackingOff = 6, Seconds = 1 };

    public static NodeSilence Silence => new("node2", T, 2, 2, 0);

    public static TrafficEvidence Silent => Traffic with { Packets = (0, 5) };

    public static RouteEvidence DeadRoute => new() { IsBlocked = true, Text = "this node's route to 10.244.1.7 is blackhole" };

    public static Dictionary<LossCause, Occurrences> Lost(LossCause cause, int count) => new() { [cause] = count };

    public static Dictionary<LossCause, Occurrences> Lost(LossCause cause, int count, LossCause other, int others) => new() { [cause] = count, [other] = others };

    public static IpvsEvidence Ipvs(int removed, int draining, bool? expires, int servers) =>
        new(new IpvsConnectionSummary(removed, draining, removed + draining, removed > 0 ? 897 : 0, expires, true, false), servers);

    public static string[] Codes(Evidence seen) => [.. DiagnosisEngine.Run(seen).Findings.Select(finding => finding.Mechanism.Code).Distinct().Order(StringComparer.Ordinal)];
}
