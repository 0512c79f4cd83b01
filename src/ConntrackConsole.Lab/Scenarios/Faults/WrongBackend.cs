using ConntrackConsole.Diagnosis.Catalog;
using ConntrackConsole.Lab.Cluster;
using ConntrackConsole.Lab.Incidents;

namespace ConntrackConsole.Lab.Scenarios.Faults;

internal sealed class WrongBackend : Scenario
{
    public override string Name => "wrong-backend";

    public override string Summary => "another workload gets the address of a pod that vanished while SYNs to it were unanswered, and answers them";

    public override string Mechanism => "M5b";

    public override string Code => MechanismCodes.WrongBackend;

    // A request that was under way when the pod vanished hangs, is sent again, and is reset by the successor.
    public override IReadOnlyList<string> AlsoTrue => [MechanismCodes.BlackHole, MechanismCodes.AddressReused];

    public override async Task RunAsync(LabCluster lab)
    {
        string? taken = null;
        bool isAnswered = false;
        await using var workload = await LabWorkload.StartAsync(lab, this, [2, 1]);
        await workload.StartClientAsync(3, (pod, report) =>
        {
            if (taken is null || report.Event != "connected" || !report.IsAt(taken))
                return;
            workload.Label(pod, report.Local, report.Backend, LabelKinds.WrongBackend, 0);
            Volatile.Write(ref isAnswered, true);
            // SYNs are sent again after 1, 3, 7, 15 and 31 s: one that waits for the other pod on a busy machine must not be given up before.
        }, "request", "--target", workload.Target, "--interval-ms", "50", "--timeout-ms", "40000");
        await workload.ConnectedAsync();
        var former = workload.Pods[0];
        // Its rules follow a second later or more, as on a busy node: SYNs still go to the pod.
        lab.Proxy(3).Pause();
        var ended = workload.EndAsync(former, Ending.Vanish);
        await lab.PauseAsync(1);
        await lab.UnansweredAsync(3, former);
        lab.Proxy(3).Resume();
        await ended;
        taken = former.Ip;
        var others = new DeploymentObject(lab.Store, lab.Events, Kubelet.Namespace, Name + "-other", 1, Kubelet.ServerPort, Kubelet.PreStopSeconds);
        var other = await lab.Kubelet.StartServerAsync(former.Node, others, others.Current, null,
            new PodStart(["serve", "--port", $"{Kubelet.ServerPort}"], (_, _) => { }, Address: former.Sandbox.Address, ListensFirst: true));
        await lab.UntilAsync(() => Volatile.Read(ref isAnswered), 40);
        await lab.PauseAsync(FollowSeconds);
        await lab.Kubelet.EndAsync(other, others, null, Ending.Drain, () => Task.CompletedTask);
        others.Delete();
    }
}
