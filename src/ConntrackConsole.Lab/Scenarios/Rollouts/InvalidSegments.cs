using ConntrackConsole.Diagnosis.Catalog;
using ConntrackConsole.Lab.Incidents;

namespace ConntrackConsole.Lab.Scenarios.Rollouts;

internal sealed class InvalidSegments : RolloutScenario
{
    private const int Segments = 6;

    public override string Name => "invalid";

    public override string Summary => "pods send segments beyond the window: clients reset the pod's own address";

    public override string Mechanism => "M1";

    public override string Code => MechanismCodes.InvalidUntranslated;

    // The segments are made byte by byte, for IPv4.
    public override bool Supports(LabVariant variant) => base.Supports(variant) && !variant.IPv6;

    public override async Task AfterAsync(RollingUpdate update)
    {
        // Clients have reconnected to the new pods by now: these connections get the bad segments.
        await Task.Delay(TimeSpan.FromSeconds(2));
        await update.SendBadSegmentsAsync(Segments);
    }
}
