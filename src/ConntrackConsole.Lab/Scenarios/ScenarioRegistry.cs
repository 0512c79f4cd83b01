using ConntrackConsole.Lab.Scenarios.Faults;
using ConntrackConsole.Lab.Scenarios.LookAlikes;
using ConntrackConsole.Lab.Scenarios.Rollouts;

namespace ConntrackConsole.Lab.Scenarios;

/// <summary>All scenarios, in the order in which they are listed.</summary>
internal static class ScenarioRegistry
{
    public static readonly RolloutScenario Healthy = new HealthyRollout();
    public static readonly RolloutScenario Invalid = new InvalidSegments();
    public static readonly RolloutScenario EarlyExit = new EarlyExit();

    public static readonly IReadOnlyList<Scenario> All =
    [
        Healthy, new Blackhole(), Invalid, EarlyExit,
        new DroppedInvalid(), new FlushedStream(), new FlushedRequests(), new GraceTooShort(), new RefusedWhileListed(), new NodeLoss(), new AddressReused(),
        new WrongBackend(), new LaggingProxy(), new SynReuse(), new NoEndpoints(), new StaleUdp(), new UntranslatedUdp(), new IdleExpiry(),
        new IdleExpiryStream(),
        new ClientAborts(), new PortScan(), new ShortConnections(), new Probes(), new PodAsClient(), new HostNetworkPods(), new IdlePool(),
        new ScaledToZero(),
    ];

    /// <summary>The rolling updates, which the lab runs in turn if no scenario is chosen.</summary>
    public static readonly IReadOnlyList<RolloutScenario> InTurn = [.. All.OfType<RolloutScenario>()];

    /// <summary>All others: each has Services of its own.</summary>
    public static readonly IReadOnlyList<Scenario> WithServices = [.. All.Except(InTurn)];

    /// <summary>Null if no scenario has this name.</summary>
    public static Scenario? TryParse(string name) => All.FirstOrDefault(scenario => scenario.Name == name);
}
