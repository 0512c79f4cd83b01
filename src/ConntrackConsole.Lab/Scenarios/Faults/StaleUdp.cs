using ConntrackConsole.Diagnosis.Catalog;
using ConntrackConsole.Lab.Cluster;
using ConntrackConsole.Lab.Incidents;

namespace ConntrackConsole.Lab.Scenarios.Faults;

internal sealed class StaleUdp : Scenario
{
    private const int Sockets = 6;

    public override string Name => "stale-udp";

    public override string Summary => "a pod of a UDP Service is gone, and its senders keep the entries to it alive";

    public override string Mechanism => "M8";

    public override string Code => MechanismCodes.UdpDeadBackend;

    public override async Task RunAsync(LabCluster lab)
    {
        string? gone = null;
        bool isHung = false;
        await using var workload = await LabWorkload.StartAsync(
            lab, this, [2, 1], ["serve-udp", "--port", $"{Kubelet.ServerPort}"], new PodTraits(Protocol: "UDP"));
        await workload.StartClientAsync(3, (pod, report) =>
        {
            if (report.Event != "hung" || !report.IsAt(gone))
                return;
            workload.Label(pod, report.Local, report.Backend, LabelKinds.UdpSilence, 0, since: report.Since);
            Volatile.Write(ref isHung, true);
        }, "send-udp", "--target", workload.Target, "--sockets", $"{Sockets}");
        await workload.ConnectedAsync(Sockets);
        var former = workload.Busiest;
        gone = former.Ip;
        await workload.EndAsync(former, Ending.Vanish, () => workload.WithoutAsync(former));
        await lab.PauseAsync(15);
        await lab.UntilAsync(() => Volatile.Read(ref isHung), 60);
        await lab.PauseAsync(FollowSeconds);
    }
}
