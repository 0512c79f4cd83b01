using ConntrackConsole.Lab.Incidents;

namespace ConntrackConsole.Lab.Scenarios;

/// <summary>A rolling update of the Service `checkout`, with a fault of its own.</summary>
internal abstract class RolloutScenario : Scenario
{
    /// <summary>The Service of every rolling update.</summary>
    public const string ServiceName = "checkout";

    public sealed override string ServiceKey => $"{Kubelet.Namespace}/{ServiceName}";

    public sealed override Task RunAsync(LabCluster lab) => lab.RollingUpdate.RunAsync(this);

    /// <summary>The scenario to which the end of a pod belongs.</summary>
    public virtual Scenario CauseOf(Ending ending) => this;

    /// <summary>How each of the replaced pods terminates.</summary>
    public virtual IReadOnlyList<Ending> Endings(IReadOnlyList<LabPod> replaced, GroundTruth truth) => [.. replaced.Select(_ => Ending.Drain)];

    /// <summary>What follows when all pods are replaced.</summary>
    public virtual Task AfterAsync(RollingUpdate update) => Task.CompletedTask;
}
