using ConntrackConsole.Lab.Incidents;

namespace ConntrackConsole.Lab.Scenarios.LookAlikes;

internal sealed class ClientAborts : Scenario
{
    private const int Connections = 6, Aborts = 8;

    public override string Name => "client-aborts";

    public override string Summary => "clients abort their own connections, with SO_LINGER 0 and with unread responses";

    public override async Task RunAsync(LabCluster lab)
    {
        int aborted = 0;
        await using var workload = await LabWorkload.StartAsync(lab, this, [1, 2]);
        var client = await workload.StartClientAsync(3, (pod, report) =>
        {
            if (report.Event != "aborted")
                return;
            workload.Label(pod, report.Local, report.Backend, LabelKinds.ClientAbort, 1);
            Interlocked.Increment(ref aborted);
        }, "client", "--target", workload.Target, "--connections", $"{Connections}");
        await workload.ConnectedAsync(Connections);
        for (int i = 0; i < Aborts; i++)
        {
            int before = aborted;
            client.Process.SendLine(i % 2 == 0 ? "abort linger" : "abort unread");
            await lab.UntilAsync(() => aborted > before, 5);
        }

        await lab.PauseAsync(FollowSeconds);
    }
}
