using ConntrackConsole.Lab.Cluster;
using ConntrackConsole.Lab.Incidents;

namespace ConntrackConsole.Lab.Scenarios.LookAlikes;

internal sealed class UdpRollout : Scenario
{
    private const int Sockets = 6;

    public override string Name => "udp-rollout";

    public override string Summary => "a pod of a UDP Service is gone, and kube-proxy deletes the entries to it after its sync";

    public override async Task RunAsync(LabCluster lab)
    {
        await using var workload = await LabWorkload.StartAsync(
            lab, this, [2, 1], ["serve-udp", "--port", $"{Kubelet.ServerPort}"], new PodTraits(Protocol: "UDP"));
        foreach (var proxy in lab.Proxies)
            proxy.DeleteUdpEntriesOf(workload.Service);
        await workload.StartClientAsync(3, (_, _) => { }, "send-udp", "--target", workload.Target, "--sockets", $"{Sockets}");
        await workload.ConnectedAsync(Sockets);
        var former = workload.Busiest;
        await workload.EndAsync(former, Ending.Vanish, () => workload.WithoutAsync(former));
        await lab.PauseAsync(FollowSeconds);
    }
}
