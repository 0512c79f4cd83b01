using ConntrackConsole.Lab.Scenarios.Faults;
using ConntrackConsole.Lab.Scenarios.LookAlikes;
using ConntrackConsole.Lab.Scenarios.Rollouts;

namespace ConntrackConsole.Lab.Scenarios;

/// <summary>All scenarios, in the order in which they are listed.</summary>
internal static class ScenarioRegistry
{
    public static readonly RolloutScenario Healthy = new HealthyRollout();
    public static readonly RolloutScenario Blackhole = new Blackhole();
    public static readonly RolloutScenario Invalid = new InvalidSegments();
    public static readonly RolloutScenario EarlyExit = new EarlyExit();

    public static readonly IReadOnlyList<Scenario> All =
    [
        Healthy, Blackhole, Invalid, EarlyExit,
        new DroppedInvalid(), new FlushedStream(), new FlushedRequests(), new GraceTooShort(), new RefusedWhileListed(), new NodeLoss(), new AddressReused(),
        new WrongBackend(), new LaggingProxy(), new SynReuse(), new NoEndpoints(), new StaleUdp(), new UntranslatedUdp(), new IdleExpiry(),
        new IdleExpiryStream(), new PortClash(),
        new ClientAborts(), new PortScan(), new ShortConnections(), new Probes(), new PodAsClient(), new HostNetworkPods(), new IdlePool(),
        new ScaledToZero(), new UdpRollout(),
    ];

    /// <summary>The rolling updates, which the lab runs in turn if no scenario is chosen.</summary>
    public static readonly IReadOnlyList<RolloutScenario> InTurn = [.. All.OfType<RolloutScenario>()];

    /// <summary>All others: each has Services of its own.</summary>
    public static readonly IReadOnlyList<Scenario> WithServices = [.. All.Except(InTurn)];

    /// <summary>Several at once, each with a right finding of its own: at one Service, or at several.</summary>
    public static readonly IReadOnlyList<Scenario> Mixes =
    [
        new MixedRollout("mix-exit-blackhole", EarlyExit, Blackhole), new MixedRollout("mix-exit-blackhole-invalid", EarlyExit, Blackhole, Invalid),
        new MixedRollout("mix-blackhole-invalid", Blackhole, Invalid),
        Mix("mix-stream-udp", "flushed-stream", "stale-udp"), Mix("mix-grace-flush-aborts", "grace-too-short", "flushed-requests", "client-aborts"),
        Mix("mix-reused-no-endpoints", "address-reused", "no-endpoints"), Mix("mix-refused-idle", "refused-while-listed", "idle-expiry"),
        Mix("mix-exit-stream-scan", "early-exit", "flushed-stream", "port-scan"), Mix("mix-syn-reuse-grace", "syn-reuse", "grace-too-short"),
        Mix("mix-look-alikes", "client-aborts", "port-scan", "pod-as-client"),
    ];

    /// <summary>Null if no scenario has this name.</summary>
    public static Scenario? TryParse(string name) => All.Concat(Mixes).FirstOrDefault(scenario => scenario.Name == name);

    private static Mix Mix(string name, params string[] parts) => new(name, [.. parts.Select(part => All.First(scenario => scenario.Name == part))]);
}
