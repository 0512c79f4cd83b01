using ConntrackConsole.Diagnosis.Catalog;
using ConntrackConsole.Lab.Incidents;

namespace ConntrackConsole.Lab.Scenarios.Faults;

internal sealed class ProxyLag : Scenario
{
    public override string Name => "proxy-lag";

    public override string Summary => "kube-proxy of node3 does not follow the slices: new connections still go to an endpoint that is gone";

    public override string Mechanism => "M6";

    public override string Code => MechanismCodes.ProxyLagged;

    public override async Task RunAsync(LabCluster lab)
    {
        bool isServed = false;
        string? gone = null;
        await using var workload = await LabWorkload.StartAsync(lab, this, [2, 1]);
        await workload.StartClientAsync(3, (pod, report) =>
        {
            isServed |= report.Event == "connected";
            if (gone is not null && report.Event == "connect-timeout")
                workload.Label(pod, report.Local, gone, LabelKinds.ConnectTimeout, 0, seconds: report.Seconds);
        }, "request", "--target", workload.Target, "--interval-ms", "150", "--timeout-ms", "1500");
        await lab.UntilAsync(() => isServed);
        await lab.PauseAsync(1);
        lab.Proxy(3).Pause();
        try
        {
            var former = workload.Pods[0];
            gone = $"{former.Ip}:{Kubelet.ServerPort}";
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
