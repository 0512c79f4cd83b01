using ConntrackConsole.Lab.Incidents;

namespace ConntrackConsole.Lab.Scenarios.LookAlikes;

internal sealed class PortScan : Scenario
{
    private const int ClosedPort = 9;

    public override string Name => "port-scan";

    public override string Summary => "a scanner connects to a port of live pods that has no listener, and is refused";

    public override async Task RunAsync(LabCluster lab)
    {
        await using var workload = await LabWorkload.StartAsync(lab, this, [1, 2]);
        foreach (var pod in workload.Pods)
        {
            await workload.StartClientAsync(3, (client, report) =>
            {
                if (report is { Event: "refused", Detail: "ConnectionRefused" })
                    workload.Label(client, report.Local, pod.At(ClosedPort), LabelKinds.ClosedPort, 1);
            }, "request", "--target", pod.At(ClosedPort), "--interval-ms", "200");
        }

        await lab.PauseAsync(4 + FollowSeconds);
    }
}
