using ConntrackConsole.Diagnosis.Catalog;
using ConntrackConsole.Lab.Cluster;
using ConntrackConsole.Lab.Incidents;

namespace ConntrackConsole.Lab.Scenarios.Faults;

internal sealed class GraceTooShort : Scenario
{
    private const int Connections = 6, GraceSeconds = 4;

    public override string Name => "grace-too-short";

    public override string Summary => "a pod still serves at the end of its short grace period, and is killed with requests unread";

    public override string Mechanism => "M3";

    public override string Code => MechanismCodes.GraceTooShort;

    public override async Task RunAsync(LabCluster lab)
    {
        await using var workload = await LabWorkload.StartAsync(
            lab, this, [1, 2], ["serve", "--port", $"{Kubelet.ServerPort}", "--ignore-sigterm"], new PodTraits(GraceSeconds));
        var client = await workload.StartClientAsync(3, (pod, report) =>
        {
            if (report.Event == "reset")
                workload.Label(pod, report.Local, report.Backend, LabelKinds.FromBackend, 1);
        }, "client", "--target", workload.Target, "--connections", $"{Connections}");
        await workload.ConnectedAsync(Connections);
        await workload.EndAsync(workload.Busiest, Ending.KillAtGraceEnd);
        await lab.PauseAsync(FollowSeconds);
        await workload.EndClientAsync(client);
        // They ignore SIGTERM.
        foreach (var pod in workload.Pods.ToList())
            await workload.EndAsync(pod, Ending.Vanish);
    }
}
