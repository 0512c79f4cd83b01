namespace ConntrackConsole.Lab.Scenarios.Rollouts;

internal sealed class HealthyRollout : RolloutScenario
{
    public override string Name => "healthy";

    public override string Summary => "every pod drains; no client notices";
}
