using ConntrackConsole.Lab.Incidents;

namespace ConntrackConsole.Lab.Scenarios.LookAlikes;

internal sealed class Probes : Scenario
{
    private const int Parallel = 4;

    public override string Name => "probes";

    public override string Summary => "nodes probe a pod several times a second, also while it terminates: closing entries with the pod as destination";

    public override async Task RunAsync(LabCluster lab)
    {
        await using var workload = await LabWorkload.StartAsync(lab, this, [1, 2]);
        foreach (var pod in workload.Pods)
        {
            for (int i = 0; i < Parallel; i++)
                _ = ReadinessProbe.RunAsync(pod.Node, pod.Sandbox.Address, Kubelet.ServerPort, pod.Process.Exited, lab.Stop);
        }

        await lab.PauseAsync(4);
        var former = workload.Pods[0];
        await workload.AddPodAsync(former.Node.Number);
        await workload.EndAsync(former, Ending.Drain, () => workload.WithoutAsync(former));
        await lab.PauseAsync(FollowSeconds);
    }
}
