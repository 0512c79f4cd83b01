using ConntrackConsole.Diagnosis.Catalog;
using ConntrackConsole.Lab.Incidents;

namespace ConntrackConsole.Lab.Scenarios.Rollouts;

internal sealed class EarlyExit : RolloutScenario
{
    public override string Name => "early-exit";

    public override string Summary => "pods exit at SIGTERM without draining: the kernel resets their connections";

    public override string Mechanism => "M3";

    public override string Code => MechanismCodes.NoDrain;

    // After a reset a client may connect again before the rules follow: the pod that has exited refuses it, and the refusal has a label.
    public override IReadOnlyList<string> AlsoTrue => [MechanismCodes.RefusedWhileListed];

    public override IReadOnlyList<Ending> Endings(IReadOnlyList<LabPod> replaced, GroundTruth truth) => [.. replaced.Select(_ => Ending.ExitImmediately)];
}
