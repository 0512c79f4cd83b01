using ConntrackConsole.Lab.Incidents;

namespace ConntrackConsole.Lab.Scenarios.LookAlikes;

internal sealed class ShortConnections : Scenario
{
    public override string Name => "short-connections";

    public override string Summary => "a hundred connections a second, closed by the client, while a pod is replaced: TIME_WAIT entries for two minutes";

    public override async Task RunAsync(LabCluster lab)
    {
        await using var workload = await LabWorkload.StartAsync(lab, this, [1, 2]);
        await workload.StartClientAsync(3, (pod, report) =>
        {
            if (report.Event is "reset" or "refused" or "hung" or "connect-timeout")
                workload.Label(pod, report.Local, report.Backend, LabelKinds.FromBackend, report.Event is "reset" or "refused" ? 1 : 0, isFault: false);
        }, "request", "--target", workload.Target, "--interval-ms", "10", "--timeout-ms", "10000");
        await lab.PauseAsync(4);
        var former = workload.Pods[0];
        await workload.AddPodAsync(former.Node.Number);
        await workload.EndAsync(former, Ending.Drain, () => workload.WithoutAsync(former));
        await lab.PauseAsync(FollowSeconds);
    }
}
