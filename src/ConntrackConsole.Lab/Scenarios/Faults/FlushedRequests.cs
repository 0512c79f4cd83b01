using ConntrackConsole.Diagnosis.Catalog;
using ConntrackConsole.Lab.Incidents;

namespace ConntrackConsole.Lab.Scenarios.Faults;

internal sealed class FlushedRequests : Scenario
{
    private const int Connections = 12;

    public override string Name => "flushed-requests";

    public override string Summary => "a foreign program deletes the entries of live pods, and clients speak first: most requests go to another pod, which resets them";

    public override string Mechanism => "M2b";

    public override string Code => MechanismCodes.Rebalanced;

    public override async Task RunAsync(LabCluster lab)
    {
        int reset = 0;
        bool isFlushed = false;
        await using var workload = await LabWorkload.StartAsync(lab, this, [1, 2, 2]);
        await workload.StartClientAsync(3, (pod, report) =>
        {
            if (report.Event != "reset" || !isFlushed)
                return;
            workload.Label(pod, report.Local, report.Backend, LabelKinds.FromBackend, 1);
            Interlocked.Increment(ref reset);
        }, "client", "--target", workload.Target, "--connections", $"{Connections}");
        await workload.ConnectedAsync(Connections);
        isFlushed = true;
        await workload.FlushAsync(3);
        await lab.PauseAsync(FollowSeconds);
    }
}
