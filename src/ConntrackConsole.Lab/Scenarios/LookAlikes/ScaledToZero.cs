using ConntrackConsole.Lab.Incidents;

namespace ConntrackConsole.Lab.Scenarios.LookAlikes;

internal sealed class ScaledToZero : Scenario
{
    public override string Name => "scaled-to-zero";

    public override string Summary => "a Service is scaled to zero on purpose, and no client calls it any more";

    public override async Task RunAsync(LabCluster lab)
    {
        await using var workload = await LabWorkload.StartAsync(lab, this, [1, 2]);
        var client = await workload.StartClientAsync(3, (_, _) => { }, "client", "--target", workload.Target, "--connections", "4");
        await workload.ConnectedAsync(4);
        await workload.EndClientAsync(client);
        workload.Deployment.SetReplicas(0);
        await Task.WhenAll(workload.Pods.ToList().Select(pod => workload.EndAsync(pod, Ending.Drain)));
        await lab.PauseAsync(FollowSeconds);
    }
}
