using ConntrackConsole.Lab.Cluster;
using ConntrackConsole.Lab.Incidents;

namespace ConntrackConsole.Lab.Scenarios.LookAlikes;

internal sealed class HostNetworkPods : Scenario
{
    private const int Connections = 6;

    public override string Name => "host-network";

    public override string Summary => "pods with the addresses of their nodes: one is replaced by another with the same address";

    public override async Task RunAsync(LabCluster lab)
    {
        await using var workload = await LabWorkload.StartAsync(lab, this, [1, 2], traits: new PodTraits(HostNetwork: true));
        await workload.StartClientAsync(3, (pod, report) =>
        {
            if (report.Event is "reset" or "refused" or "hung")
                workload.Label(pod, report.Local, report.Backend, LabelKinds.FromBackend, report.Event == "hung" ? 0 : 1, isFault: false);
        }, "client", "--target", workload.Target, "--connections", $"{Connections}");
        await workload.ConnectedAsync(Connections);
        var former = workload.Pods[0];
        await workload.EndAsync(former, Ending.Drain, () => workload.WithoutAsync(former));
        await workload.AddPodAsync(former.Node.Number);
        await lab.PauseAsync(FollowSeconds);
    }
}
