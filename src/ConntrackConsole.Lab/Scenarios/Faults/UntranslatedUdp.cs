using ConntrackConsole.Diagnosis.Catalog;
using ConntrackConsole.Lab.Cluster;
using ConntrackConsole.Lab.Incidents;
using ConntrackConsole.Lab.Network;
using ConntrackConsole.Lab.Workload;

namespace ConntrackConsole.Lab.Scenarios.Faults;

internal sealed class UntranslatedUdp : Scenario
{
    private const int Sockets = 4;

    public override string Name => "untranslated-udp";

    public override string Summary => "senders began before the rules of a UDP Service were written: their entries translate nothing, and stay";

    public override string Mechanism => "M8";

    public override string Code => MechanismCodes.UdpUntranslated;

    public override async Task RunAsync(LabCluster lab)
    {
        double servedAt = 0;
        await using var workload = await LabWorkload.StartAsync(
            lab, this, [1, 2], ["serve-udp", "--port", $"{Kubelet.ServerPort}"], new PodTraits(Protocol: "UDP"), withRules: false);
        // Without a route the kernel drops the datagram before it keeps the entry.
        using var uplink = Uplink.Create(lab.Instance.Prefix, lab.Node(3), workload.Service.Address);
        await workload.StartClientAsync(3, (pod, report) =>
        {
            if (report.Event != "hung")
                return;
            // As long as no rule is written, a new entry would not be translated either.
            _ = lab.UntilAsync(() => Volatile.Read(ref servedAt) > 0, 60).ContinueWith(
                _ => workload.Label(pod, report.Local, workload.Target, LabelKinds.UdpSilence, 0, since: Math.Max(report.Since ?? report.T, servedAt)), TaskScheduler.Default);
        }, "send-udp", "--target", workload.Target, "--sockets", $"{Sockets}");
        await lab.PauseAsync(3);
        await workload.ServeAsync();
        Volatile.Write(ref servedAt, WorkloadReport.Now);
        lab.Output.Report("served", "the rules of the Service were written after its senders began", new { scenario = Name });
        await lab.PauseAsync(15 + FollowSeconds);
    }
}
