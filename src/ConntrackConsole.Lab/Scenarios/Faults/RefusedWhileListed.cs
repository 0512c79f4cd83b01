using ConntrackConsole.Diagnosis.Catalog;
using ConntrackConsole.Lab.Incidents;

namespace ConntrackConsole.Lab.Scenarios.Faults;

internal sealed class RefusedWhileListed : Scenario
{
    public override string Name => "refused-while-listed";

    public override string Summary => "a pod closes its listener at SIGTERM while its endpoint is still listed: new connections to it are refused";

    public override string Mechanism => "M3";

    public override string Code => MechanismCodes.RefusedWhileListed;

    public override async Task RunAsync(LabCluster lab)
    {
        LabPod? ending = null;
        await using var workload = await LabWorkload.StartAsync(lab, this, [1, 2], ["serve", "--port", $"{Kubelet.ServerPort}", "--close-listener"]);
        await workload.StartClientAsync(3, (pod, report) =>
        {
            if (report is { Event: "refused", Detail: "ConnectionRefused" })
                workload.Label(pod, report.Local, ending?.At(Kubelet.ServerPort), LabelKinds.FromBackend, 1);
        }, "request", "--target", workload.Target, "--interval-ms", "40");
        await workload.ConnectedAsync();
        ending = workload.Pods[0];
        await workload.EndAsync(ending, Ending.CloseListener);
        await lab.PauseAsync(FollowSeconds);
    }
}
