using ConntrackConsole.Diagnosis.Catalog;
using ConntrackConsole.Lab.Incidents;

namespace ConntrackConsole.Lab.Scenarios.Rollouts;

internal sealed class Blackhole : RolloutScenario
{
    public override string Name => "blackhole";

    public override string Summary => "one pod's network is removed before its process ends: its clients hang until a flush";

    public override string Mechanism => "M4";

    public override string Code => MechanismCodes.BlackHole;

    public override IReadOnlyList<Ending> Endings(IReadOnlyList<LabPod> replaced, GroundTruth truth)
    {
        // A pod with connections from each client, so that the hang appears on the pod's node and on another.
        var victim = replaced.MaxBy(pod => truth.ConnectionsTo(pod.Ip).DefaultIfEmpty().Min());
        return [.. replaced.Select(pod => pod == victim ? Ending.Vanish : Ending.Drain)];
    }
}
