using ConntrackConsole.Diagnosis.Catalog;
using ConntrackConsole.Lab.Incidents;

namespace ConntrackConsole.Lab.Scenarios.Faults;

internal sealed class LaggingProxy : Scenario
{
    public override string Name => "proxy-lag";

    public override string Summary => "kube-proxy of node3 does not follow the slices: new connections still go to an endpoint that is gone";

    public override string Mechanism => "M6";

    public override string Code => MechanismCodes.ProxyLagged;

    public override async Task RunAsync(LabCluster lab)
    {
        string? gone = null;
        await using var workload = await LabWorkload.StartAsync(lab, this, [2, 1]);
        await workload.StartClientAsync(3, (pod, report) =>
        {
            if (gone is null || report is not { Event: "connect-timeout", Local: { } local })
                return;
            // The client cannot know where its SYNs went: the kernel does. A live pod of a busy machine is slow, too.
            bool isGone = LabCluster.BackendOf(pod, local, workload.Service)?.Src.ToString() == gone;
            workload.Label(pod, local, isGone ? LabPod.At(gone!, Kubelet.ServerPort) : null, LabelKinds.ConnectTimeout, 0, isGone, report.Since);
        }, "request", "--target", workload.Target, "--interval-ms", "150", "--timeout-ms", "1500");
        await workload.ConnectedAsync();
        lab.Proxy(3).Pause();
        try
        {
            var former = workload.Pods[0];
            gone = former.Ip;
            await workload.EndAsync(former, Ending.Vanish);
            await lab.PauseAsync(8 + FollowSeconds);
        }
        finally
        {
            lab.Proxy(3).Resume();
        }

        await lab.PauseAsync(2);
    }
}
