using ConntrackConsole.Lab.Incidents;

namespace ConntrackConsole.Lab.Scenarios;

/// <summary>A rolling update of the Service `checkout`, with a fault of its own.</summary>
internal abstract class RolloutScenario : Scenario
{
    public sealed override Task RunAsync(LabCluster lab) => lab.RollingUpdate.RunAsync(this);

    /// <summary>How each of the replaced pods terminates.</summary>
    public virtual IReadOnlyList<Ending> Endings(IReadOnlyList<LabPod> replaced, GroundTruth truth) => [.. replaced.Select(_ => Ending.Drain)];

    /// <summary>What follows when all pods are replaced.</summary>
    public virtual Task AfterAsync(RollingUpdate update) => Task.CompletedTask;
}
