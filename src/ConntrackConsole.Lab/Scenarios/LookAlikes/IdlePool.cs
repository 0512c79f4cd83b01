namespace ConntrackConsole.Lab.Scenarios.LookAlikes;

internal sealed class IdlePool : Scenario
{
    private const int Connections = 8;

    public override string Name => "idle-pool";

    public override string Summary => "a pool of connections that are idle for a long time, to pods that live";

    public override async Task RunAsync(LabCluster lab)
    {
        await using var workload = await LabWorkload.StartAsync(lab, this, [1, 2]);
        await workload.StartClientAsync(3, (_, _) => { }, "client", "--target", workload.Target, "--connections", $"{Connections}", "--interval-ms", "40000");
        await lab.PauseAsync(20 + FollowSeconds);
    }
}
