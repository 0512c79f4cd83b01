namespace ConntrackConsole.Lab.Scenarios.LookAlikes;

internal sealed class PodAsClient : Scenario
{
    public override string Name => "pod-as-client";

    public override string Summary => "pods that are clients of a Service are deleted: their closing entries have a dead address as source";

    public override async Task RunAsync(LabCluster lab)
    {
        await using var workload = await LabWorkload.StartAsync(lab, this, [1, 2]);
        for (int round = 0; round < 3; round++)
        {
            var client = await workload.StartClientAsync(round + 1, (_, _) => { }, "client", "--target", workload.Target, "--connections", "4");
            await workload.ConnectedAsync(4 * (round + 1));
            await workload.EndClientAsync(client);
        }

        await lab.PauseAsync(FollowSeconds);
    }
}
